// The StatefulSet controller: pods with ordinals, made and replaced in order, each with its own claims.

import { isActive, isFinished, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { scaledValue } from '../../core/machinery/int-or-string.ts';
import type { V1PodTemplateSpec, V1StatefulSetStatus } from '../../generated/kubernetes.ts';
import { claimChildren, watchOrphans } from './claim-children.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  keyOf,
  regarding,
  type Snapshot,
  splitKey,
  watch,
  watchChildren,
  watchSelf,
} from './controller.ts';
import { isEmptySelector } from './label-selector.ts';
import { isAvailable, type Pod, untilAvailable } from './pod-state.ts';
import { type History, historyOf, revisionHashLabel, templateOf } from './revision-history.ts';
import {
  claimOwnership,
  createPod,
  isRunningAndReady,
  ordinalOf,
  removePod,
  type StatefulSet,
  startOf,
} from './statefulset-pod.ts';

type Wanted = Action<'pods' | 'persistentvolumeclaims' | 'apps/controllerrevisions' | typeof type>;

const type = 'apps/statefulsets';
/** Milliseconds from the making of a pod that failed to its removal, at least. */
const firstPause = 1000;

export const statefulSetController = defineController({
  name: 'statefulset',
  user: controllerUser('statefulset-controller'),
  watches: [
    watchSelf(type),
    watchChildren('pods', 'apps', 'StatefulSet'),
    watchChildren('apps/controllerrevisions', 'apps', 'StatefulSet'),
    watchOrphans('pods', type, (each) => each.spec?.selector),
    // A name that was in the way is free.
    watch('pods', ({ object, type: event }) => (event === 'DELETED' ? [keyOf(object).replace(/-\d+$/, '')] : [])),
  ],
  reads: ['persistentvolumeclaims'],
  claims: 'apps/statefulsets',
  owns: ['pods', 'persistentvolumeclaims', 'apps/controllerrevisions', type],
  reconcile(snapshot, key, { now }): Wanted[] {
    const { namespace, name } = splitKey(key);
    const set = snapshot.get(type, namespace, name);
    if (!set?.spec || isEmptySelector(set.spec.selector)) return [];
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', object: set, selector: set.spec.selector };
    const claimed = claimChildren(snapshot, 'pods', owner);
    const pods = new Map<number, Pod>();
    for (const pod of claimed.children) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal !== undefined) pods.set(ordinal, pod);
    }
    const hashes = [...pods.values()].map((each) => each.metadata.labels?.[revisionHashLabel] ?? '');
    const inUse = new Set([set.status?.currentRevision ?? '', ...hashes.map((each) => revisionNamed(set, each))]);
    const history = historyOf(
      snapshot,
      { ...owner, template: set.spec.template, historyLimit: set.spec.revisionHistoryLimit ?? 10 },
      inUse,
    );
    const actions: Wanted[] = [...claimed.actions, ...history.actions];
    if (!set.metadata.deletionTimestamp) {
      actions.push({ do: 'barrier' }, ...claimOwnership(snapshot, set, pods));
      actions.push(...stepOf(snapshot, set, pods, history, now));
    }
    const status = statusOf(set, pods, history, now);
    if (!sameJson(status, set.status)) {
      actions.unshift({ do: 'update', type, subresource: 'status', object: { ...set, status } });
    }
    const wait = untilAvailable([...pods.values()], set.spec.minReadySeconds ?? 0, now);
    if (wait !== undefined) actions.push({ do: 'requeue', afterMs: wait });
    return actions;
  },
});

/** Pods carry the name of their revision as its label; the label may also be the bare hash. */
function revisionNamed(set: StatefulSet, label: string): string {
  return label.startsWith(`${set.metadata.name}-`) ? label : `${set.metadata.name}-${label}`;
}

function currentRevision(set: StatefulSet, history: History): string {
  return set.status?.currentRevision || history.update.name;
}

/** As a ReplicaSet's: the most pods that one pass makes, however many are asked for. */
const burst = 500;

function stepOf(
  snapshot: Snapshot<'persistentvolumeclaims' | 'pods'>,
  set: StatefulSet,
  pods: ReadonlyMap<number, Pod>,
  history: History,
  now: number,
): Wanted[] {
  const ordered = set.spec?.podManagementPolicy !== 'Parallel';
  const start = startOf(set);
  const end = start + (set.spec?.replicas ?? 1);
  const minReady = set.spec?.minReadySeconds ?? 0;
  const healthy = (pod: Pod) => isRunningAndReady(pod) && isAvailable(pod, minReady, now);
  const actions: Wanted[] = [];
  let made = 0;
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = pods.get(ordinal);
    if (!pod) {
      // The new ones wake the set again.
      if (made === burst) return actions;
      const other = snapshot.get('pods', set.metadata.namespace ?? '', `${set.metadata.name}-${ordinal}`);
      if (other) {
        // Of a set of this name that is gone, or nobody's: its end wakes the set.
        if (!other.metadata.deletionTimestamp) actions.push(nameTaken(set, other));
        if (ordered) return actions;
        continue;
      }
      const { template, revision } = versionFor(set, pods, ordinal, history);
      actions.push(...createPod(snapshot, set, ordinal, template, revision));
      made += 1;
      if (ordered) return actions;
    } else if (isFinished(pod)) {
      // It takes its name with it; the next pass makes the new one. A node that refuses each at once must not make it a busy loop.
      const wait = (Date.parse(pod.metadata.creationTimestamp ?? '') || 0) + firstPause - now;
      if (!pod.metadata.deletionTimestamp)
        actions.push(wait > 0 ? { do: 'requeue', afterMs: wait } : removePod(set, pod));
      if (ordered) return actions;
    } else if (ordered && !healthy(pod)) return actions;
  }
  const condemned = [...pods].filter(([ordinal]) => ordinal < start || ordinal >= end).sort(([a], [b]) => b - a);
  const firstUnhealthy = condemned.findLast(([, pod]) => !healthy(pod))?.[1];
  for (const [, pod] of condemned) {
    // In order, a pod goes only when those before it are well: one that is not holds the rest up, unless it is the first that is not.
    // One that has ended never gets well: nobody waits for it.
    const mayGetWell = !healthy(pod) && !isFinished(pod);
    if (ordered && !pod.metadata.deletionTimestamp && mayGetWell && pod !== firstUnhealthy) return actions;
    if (!pod.metadata.deletionTimestamp) actions.push(removePod(set, pod));
    if (ordered) return actions;
  }
  if (actions.length || set.spec?.updateStrategy?.type === 'OnDelete') return actions;
  return rollingStep(set, pods, history, healthy);
}

function nameTaken(set: StatefulSet, { metadata: { name } }: Pod): Action {
  const { name: owner } = set.metadata;
  const message = `create Pod ${name} in StatefulSet ${owner} failed error: pods "${name}" already exists`;
  const about = regarding('apps/v1', 'StatefulSet', set);
  return { do: 'event', regarding: about, event: { type: 'Warning', reason: 'FailedCreate', message } };
}

/** Replaces pods of other revisions from the highest ordinal down to the partition, at most maxUnavailable at a time (KEP-961). */
function rollingStep(
  set: StatefulSet,
  pods: ReadonlyMap<number, Pod>,
  history: History,
  healthy: (pod: Pod) => boolean,
): Wanted[] {
  const rolling = set.spec?.updateStrategy?.rollingUpdate;
  const start = startOf(set);
  const replicas = set.spec?.replicas ?? 1;
  const lowest = start + (rolling?.partition ?? 0);
  const allowed = Math.max(1, scaledValue(rolling?.maxUnavailable ?? 1, replicas, 'up'));
  // By the pods, of which there are only so many; what the spec asks for may be any number.
  let unavailable = replicas;
  for (const [ordinal, pod] of pods) if (ordinal >= start && ordinal < start + replicas && healthy(pod)) unavailable--;
  const actions: Wanted[] = [];
  for (let ordinal = start + replicas - 1; ordinal >= lowest; ordinal--) {
    const pod = pods.get(ordinal);
    if (!pod) break;
    const outdated = pod.metadata.labels?.[revisionHashLabel] !== history.update.name;
    if (outdated && !pod.metadata.deletionTimestamp) {
      // A pod that does not work is replaced without waiting for it: it is among the unavailable already.
      if (healthy(pod)) {
        if (unavailable >= allowed) break;
        unavailable++;
      }
      actions.push(removePod(set, pod));
      if (actions.length >= allowed) break;
    } else if (!healthy(pod) && unavailable >= allowed) break;
  }
  return actions;
}

function versionFor(
  set: StatefulSet,
  pods: ReadonlyMap<number, Pod>,
  ordinal: number,
  history: History,
): { template: V1PodTemplateSpec; revision: string } {
  const update = { template: set.spec?.template ?? { spec: { containers: [] } }, revision: history.update.name };
  const current = currentRevision(set, history);
  if (current === history.update.name || set.spec?.updateStrategy?.type === 'OnDelete') return update;
  const rolling = set.spec?.updateStrategy?.rollingUpdate;
  // Counted now: the status still counts a pod that was just given up, which would come back as it was, and be given up again.
  const below = rolling?.partition ?? countOf(pods.values(), current);
  if (ordinal >= startOf(set) + below) return update;
  const stored = history.revisions.find((each) => each.metadata.name === current);
  const template = stored && templateOf(stored);
  return template ? { template, revision: current } : update;
}

function countOf(pods: Iterable<Pod>, revision: string): number {
  return [...pods].filter((each) => isActive(each) && each.metadata.labels?.[revisionHashLabel] === revision).length;
}

function statusOf(
  set: StatefulSet,
  pods: ReadonlyMap<number, Pod>,
  history: History,
  now: number,
): V1StatefulSetStatus {
  const all = [...pods.values()].filter((each) => !isFinished(each));
  const current = currentRevision(set, history);
  const update = history.update.name;
  const minReady = set.spec?.minReadySeconds ?? 0;
  const status: V1StatefulSetStatus = {
    observedGeneration: set.metadata.generation,
    replicas: all.length,
    readyReplicas: all.filter(isReady).length,
    availableReplicas: all.filter((each) => isReady(each) && isAvailable(each, minReady, now)).length,
    currentReplicas: countOf(all, current),
    updatedReplicas: countOf(all, update),
    currentRevision: current,
    updateRevision: update,
    collisionCount: set.status?.collisionCount ?? 0,
    // Those of others.
    ...(set.status?.conditions && { conditions: set.status.conditions }),
  };
  const rolling = set.spec?.updateStrategy?.type !== 'OnDelete';
  const complete =
    status.updatedReplicas === status.replicas &&
    status.readyReplicas === status.replicas &&
    status.replicas === (set.spec?.replicas ?? 1);
  if (rolling && complete) {
    status.currentRevision = update;
    status.currentReplicas = status.updatedReplicas ?? 0;
  }
  return status;
}
