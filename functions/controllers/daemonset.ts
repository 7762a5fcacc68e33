// The DaemonSet controller: one pod on every node that the template fits, replaced node by node.

import { isActive, isFinished, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { gather } from '../../core/machinery/gather.ts';
import { scaledValue } from '../../core/machinery/int-or-string.ts';
import type { Regarding } from '../../core/registry/event-recorder.ts';
import type { V1DaemonSetStatus, V1Toleration } from '../../generated/kubernetes.ts';
import { suffixOf } from './child-name.ts';
import { claimChildren, controllerRef, watchOrphans } from './claim-children.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  type Snapshot,
  splitKey,
  watch,
  watchChildren,
  watchSelf,
} from './controller.ts';
import { isEmptySelector } from './label-selector.ts';
import { matchesNode, toleratesAll } from './node-match.ts';
import { createPod, deletePod } from './pod-actions.ts';
import { isAvailable, type Pod, untilAvailable } from './pod-state.ts';
import { podOf } from './replicas.ts';
import { historyOf, revisionHashLabel } from './revision-history.ts';

type Wanted = Action<'pods' | 'apps/controllerrevisions' | typeof type>;

const type = 'apps/daemonsets';

type DaemonSet = ObjectOf<typeof type>;
type Node = ObjectOf<'nodes'>;

/** What every daemon pod tolerates: it belongs to a node that is in trouble, too. */
const daemonTolerations: readonly V1Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const networkToleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

/** How long a node rests after a daemon pod failed there, at first and at most, in milliseconds. */
const firstPause = 1000;

export const daemonSetController = defineController({
  name: 'daemonset',
  user: controllerUser('daemon-set-controller'),
  watches: [
    watchSelf(type),
    watchChildren('pods', 'apps', 'DaemonSet'),
    watchChildren('apps/controllerrevisions', 'apps', 'DaemonSet'),
    watchOrphans('pods', type, (each) => each.spec?.selector),
    // Heartbeats do not come this way, and a status that changes moves no daemon.
    watch('nodes', ({ object, previous }, snapshot: Snapshot<typeof type>) =>
      previous && sameJson([object.metadata.labels, object.spec], [previous.metadata.labels, previous.spec])
        ? []
        : snapshot.list(type).map((each) => `${each.metadata.namespace}/${each.metadata.name}`),
    ),
  ],
  claims: 'apps/daemonsets',
  owns: ['pods', 'apps/controllerrevisions', type],
  reconcile(snapshot, key, { now }): Wanted[] {
    const { namespace, name } = splitKey(key);
    const set = snapshot.get(type, namespace, name);
    if (!set?.spec || isEmptySelector(set.spec.selector)) return [];
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', object: set, selector: set.spec.selector };
    const { children, actions: claims } = claimChildren(snapshot, 'pods', owner);
    const actions: Wanted[] = [...claims];
    const inUse = new Set(children.map((each) => `${name}-${each.metadata.labels?.[revisionHashLabel]}`));
    const history = historyOf(
      snapshot,
      { ...owner, template: set.spec.template, historyLimit: set.spec.revisionHistoryLimit ?? 10 },
      inUse,
    );
    const { hash } = history.update;
    const places = placesOf(snapshot, set, children);
    if (!set.metadata.deletionTimestamp) {
      actions.push(...history.actions, { do: 'barrier' });
      const managed = manage(snapshot, set, places, hash, now);
      const rolled = managed.some((each) => each.do !== 'requeue') ? [] : roll(snapshot, set, places, hash, now);
      actions.push(...managed, ...rolled);
    }
    const status = statusOf(set, places, hash, now);
    if (!sameJson(status, set.status)) {
      actions.unshift({ do: 'update', type, subresource: 'status', object: { ...set, status } });
    }
    const wait = untilAvailable(children, set.spec.minReadySeconds ?? 0, now);
    if (wait !== undefined) actions.push({ do: 'requeue', afterMs: wait });
    return actions;
  },
});

interface Place {
  readonly node: Node | undefined;
  readonly name: string;
  /** May a pod be started here; may one that is here stay. */
  readonly wanted: boolean;
  readonly tolerated: boolean;
  /** The oldest first. */
  readonly pods: Pod[];
}

function placesOf(snapshot: Snapshot<'nodes'>, set: DaemonSet, pods: readonly Pod[]): Place[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName || targetOf(pod);
    if (node) gather(byNode, node, pod);
  }
  const places: Place[] = [];
  const spec = set.spec?.template.spec;
  const tolerations = [...(spec?.tolerations ?? []), ...tolerationsOf(set)];
  for (const node of snapshot.list('nodes')) {
    const { name } = node.metadata;
    const fits = matchesNode(spec, node);
    places.push({
      node,
      name,
      wanted: fits && toleratesAll(tolerations, node.spec?.taints, ['NoSchedule', 'NoExecute']),
      tolerated: fits && toleratesAll(tolerations, node.spec?.taints, ['NoExecute']),
      pods: (byNode.get(name) ?? []).sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1)),
    });
    byNode.delete(name);
  }
  // Pods of nodes that are gone are the pod garbage collector's.
  return places;
}

function ageOf({ metadata }: Pod): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}

/** The node that a daemon pod was made for. */
function targetOf(pod: Pod): string | undefined {
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms[0]?.matchFields?.find((each) => each.key === 'metadata.name')?.values?.[0];
}

function tolerationsOf(set: DaemonSet): V1Toleration[] {
  return [...daemonTolerations, ...(set.spec?.template.spec?.hostNetwork ? [networkToleration] : [])];
}

function isNew(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[revisionHashLabel] === hash;
}

/** A pod where there should be one, none where there should be none, one instead of several. */
function manage(
  snapshot: Snapshot<'pods'>,
  set: DaemonSet,
  places: readonly Place[],
  hash: string,
  now: number,
): Wanted[] {
  const actions: Wanted[] = [];
  const surging = surgeOf(set, places) > 0;
  for (const place of places) {
    const alive = place.pods.filter((each) => !each.metadata.deletionTimestamp);
    const failed = alive.filter(isFinished);
    const running = alive.filter(isActive);
    if (!place.wanted && !(place.tolerated && running.length)) {
      actions.push(...alive.map((each) => deletePod(about(set), each)));
      continue;
    }
    if (failed.length) {
      const since = Math.max(...failed.map((each) => Date.parse(each.metadata.creationTimestamp ?? '') || 0));
      const wait = since + firstPause - now;
      if (wait > 0) actions.push({ do: 'requeue', afterMs: wait });
      else
        actions.push(...failed.map((each) => failure(set, each)), ...failed.map((each) => deletePod(about(set), each)));
    } else if (!place.pods.length && place.wanted) {
      actions.push(create(snapshot, set, place.name, hash));
    }
    // While surging, an old and a new pod may be here together.
    const groups = surging
      ? [running.filter((each) => isNew(each, hash)), running.filter((each) => !isNew(each, hash))]
      : [running];
    for (const group of groups) actions.push(...group.slice(1).map((each) => deletePod(about(set), each)));
  }
  return actions;
}

function surgeOf(set: DaemonSet, places: readonly Place[]): number {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return 0;
  const desired = places.filter((each) => each.wanted).length;
  return scaledValue(set.spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, desired, 'up');
}

function roll(
  snapshot: Snapshot<'pods'>,
  set: DaemonSet,
  places: readonly Place[],
  hash: string,
  now: number,
): Wanted[] {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return [];
  const wanted = places.filter((each) => each.wanted);
  const surge = surgeOf(set, places);
  const minReady = set.spec?.minReadySeconds ?? 0;
  const available = (pod: Pod | undefined) => pod !== undefined && isActive(pod) && isAvailable(pod, minReady, now);
  const pairs = wanted.map((place) => {
    const active = place.pods.filter(isActive);
    return { place, fresh: active.find((each) => isNew(each, hash)), old: active.find((each) => !isNew(each, hash)) };
  });
  const actions: Wanted[] = [];
  if (surge > 0) {
    let extra = pairs.filter(({ fresh, old }) => fresh && old && !available(fresh)).length;
    for (const { place, fresh, old } of pairs) {
      if (!old) continue;
      if (fresh) {
        if (available(fresh)) actions.push(deletePod(about(set), old));
      } else if (!available(old)) actions.push(create(snapshot, set, place.name, hash));
      else if (extra < surge) {
        extra++;
        actions.push(create(snapshot, set, place.name, hash));
      }
    }
    return actions;
  }
  const most = Math.max(
    1,
    scaledValue(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up'),
  );
  let unavailable = pairs.filter(({ fresh, old }) => !available(fresh) && !available(old)).length;
  for (const { old } of pairs) {
    if (!old) continue;
    if (!available(old)) actions.push(deletePod(about(set), old));
    else if (unavailable < most) {
      unavailable++;
      actions.push(deletePod(about(set), old));
    }
  }
  return actions;
}

function create(snapshot: Snapshot<'pods'>, set: DaemonSet, node: string, hash: string): Wanted {
  const { namespace = '', name, uid, generation, annotations } = set.metadata;
  const pod = podOf(set.spec?.template, namespace);
  const { metadata, spec } = pod;
  const templateGeneration = annotations?.['deprecated.daemonset.template.generation'] ?? String(generation ?? 1);
  let podName = '';
  for (let slot = 0; !podName; slot++) {
    const candidate = `${name.slice(0, 57)}-${suffixOf(`${uid}/${node}/${slot}`)}`;
    const taken = snapshot.get('pods', namespace, candidate) || snapshot.recentlyDeleted(namespace, candidate);
    if (!taken) podName = candidate;
  }
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  const affinity = {
    ...spec?.affinity,
    nodeAffinity: {
      ...spec?.affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
  const own = tolerationsOf(set).filter((each) => !spec?.tolerations?.some((given) => sameJson(given, each)));
  return createPod(about(set), podName, {
    ...pod,
    metadata: {
      ...metadata,
      name: podName,
      generateName: `${name}-`,
      labels: { ...metadata.labels, [revisionHashLabel]: hash, 'pod-template-generation': templateGeneration },
      ownerReferences: [controllerRef('apps/v1', 'DaemonSet', set)],
    },
    spec: { ...spec, affinity, tolerations: [...(spec?.tolerations ?? []), ...own] },
  });
}

function failure(set: DaemonSet, pod: Pod): Wanted {
  const { namespace, name } = pod.metadata;
  const message = `Found failed daemon pod ${namespace}/${name} on node ${pod.spec?.nodeName}, will try to kill it`;
  return { do: 'event', regarding: about(set), event: { type: 'Warning', reason: 'FailedDaemonPod', message } };
}

function statusOf(set: DaemonSet, places: readonly Place[], hash: string, now: number): V1DaemonSetStatus {
  const minReady = set.spec?.minReadySeconds ?? 0;
  const wanted = places.filter((each) => each.wanted);
  const scheduled = wanted.filter((each) => each.pods.length);
  // As kubectl counts: a node's pod is its oldest that is active, or the new one while it surges.
  const pods = scheduled.map((each) => each.pods.filter(isActive));
  const available = pods.filter((each) => each.some((pod) => isReady(pod) && isAvailable(pod, minReady, now))).length;
  const unavailable = wanted.length - available;
  return {
    currentNumberScheduled: scheduled.length,
    numberMisscheduled: places.filter((each) => !each.wanted && each.pods.length).length,
    desiredNumberScheduled: wanted.length,
    numberReady: pods.filter((each) => each.some(isReady)).length,
    observedGeneration: set.metadata.generation,
    ...withCount('updatedNumberScheduled', pods.filter((each) => each.some((pod) => isNew(pod, hash))).length),
    ...withCount('numberAvailable', available),
    ...withCount('numberUnavailable', unavailable),
    // Those of others.
    ...(set.status?.conditions && { conditions: set.status.conditions }),
  };
}

function withCount<K extends string>(name: K, count: number): { [name in K]?: number } {
  // A count of zero is left out, as omitempty does.
  return (count ? { [name]: count } : {}) as { [name in K]?: number };
}

function about(set: DaemonSet): Regarding {
  return regarding('apps/v1', 'DaemonSet', set);
}
