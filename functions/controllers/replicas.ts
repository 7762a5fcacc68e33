// Keeping a number of pods of a template: what ReplicaSet and ReplicationController have in common.

import { isActive, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { V1PodTemplateSpec, V1ReplicaSetStatus } from '../../generated/kubernetes.ts';
import { podNames } from './child-name.ts';
import { claimChildren, controllerOf, controllerRef } from './claim-children.ts';
import { removeCondition, sameJson, setCondition } from './condition.ts';
import { type Action, type Context, type LabelSelector, type Live, regarding, type Snapshot } from './controller.ts';
import { isEmptySelector, matchesSelector } from './label-selector.ts';
import { createPod, deletePod } from './pod-actions.ts';
import { isAvailable, type Pod, restarts, untilAvailable } from './pod-state.ts';

/** `T`: of the parent, whose siblings are read too. */
export interface ReplicaParent<T extends TypeName = TypeName> {
  readonly type: T;
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Live<{ status?: V1ReplicaSetStatus }>;
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly selector: LabelSelector | undefined;
  readonly template: V1PodTemplateSpec | undefined;
}

/** The most pods that one pass makes or removes: the next pass goes on. */
const burst = 500;

export function reconcileReplicas<T extends TypeName>(
  snapshot: Snapshot<'pods' | T>,
  parent: ReplicaParent<T>,
  context: Context,
): Action<'pods' | T>[] {
  const { object, type, apiVersion, kind, selector, minReadySeconds } = parent;
  // Without a selector there is no telling which pods are its own.
  if (isEmptySelector(selector)) return [];
  const { children, actions: claims } = claimChildren(snapshot, 'pods', { apiVersion, kind, object, selector });
  const actions: Action<'pods' | T>[] = [...claims];
  const pods = children.filter(isActive);
  const terminating = children.filter((each) => each.metadata.deletionTimestamp);
  const difference = parent.replicas - pods.length;
  if (!object.metadata.deletionTimestamp) {
    if (difference > 0) actions.push(...creations(snapshot, parent, Math.min(difference, burst)));
    if (difference < 0) actions.push(...deletions(snapshot, parent, pods, Math.min(-difference, burst)));
  }
  const status = statusOf(parent, pods, terminating.length, difference, context);
  if (!sameJson(status, object.status)) {
    actions.push({ do: 'update', type, subresource: 'status', object: { ...object, status } });
  }
  const wait = untilAvailable(pods, minReadySeconds, context.now);
  if (wait !== undefined) actions.push({ do: 'requeue', afterMs: wait });
  return actions;
}

/** A pod of a template, without a name. */
export function podOf(template: V1PodTemplateSpec | undefined, namespace: string) {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(finalizers && { finalizers: [...finalizers] }),
    },
    spec: structuredClone(template?.spec),
  };
}

function creations(snapshot: Snapshot<'pods'>, parent: ReplicaParent, count: number): Action<'pods'>[] {
  const { object, apiVersion, kind, template } = parent;
  const { namespace = '', name, uid } = object.metadata;
  const about = regarding(apiVersion, kind, object);
  return podNames(snapshot, namespace, name, uid, count).map((podName) => {
    const pod = podOf(template, namespace);
    const ownerReferences = [controllerRef(apiVersion, kind, object)];
    const metadata = { ...pod.metadata, name: podName, generateName: `${name}-`, ownerReferences };
    return createPod(about, podName, { ...pod, metadata });
  });
}

function deletions<T extends TypeName>(
  snapshot: Snapshot<'pods' | T>,
  parent: ReplicaParent<T>,
  pods: readonly Pod[],
  count: number,
): Action<'pods'>[] {
  const about = regarding(parent.apiVersion, parent.kind, parent.object);
  return rankForDeletion(pods, relatedPods(snapshot, parent, pods))
    .slice(0, count)
    .map((pod) => deletePod(about, pod));
}

/** Active pods of this parent and of its siblings (ReplicaSets of one Deployment), to see which nodes are doubled up. */
function relatedPods<T extends TypeName>(
  snapshot: Snapshot<'pods' | T>,
  parent: ReplicaParent<T>,
  pods: readonly Pod[],
): readonly Pod[] {
  const grandparent = controllerOf(parent.object);
  if (!grandparent) return pods;
  return snapshot
    .ownedBy(parent.type, grandparent.uid)
    .flatMap((sibling) => snapshot.ownedBy('pods', sibling.metadata.uid))
    .filter(isActive);
}

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** The order in which pods are given up: those that do least first (Kubernetes' ActivePodsWithRanks). */
export function rankForDeletion(pods: readonly Pod[], related: readonly Pod[] = pods): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): (number | string)[] => [
    pod.spec?.nodeName ? 1 : 0,
    getOwn(phaseRank, pod.status?.phase ?? 'Pending') ?? 0,
    isReady(pod) ? 1 : 0,
    deletionCost(pod),
    -(onNode.get(pod.spec?.nodeName ?? '') ?? 0),
    isReady(pod) ? -readySince(pod) : 0,
    -restarts(pod),
    -Date.parse(pod.metadata.creationTimestamp ?? '') || 0,
    pod.metadata.uid,
  ];
  return pods
    .map((pod) => ({ pod, rank: rank(pod) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ pod }) => pod);
}

function compareRanks(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right !== undefined && left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function readySince(pod: Pod): number {
  const since = pod.status?.conditions?.find((each) => each.type === 'Ready')?.lastTransitionTime;
  return Date.parse(since ?? '') || 0;
}

/** KEP-2255. */
function deletionCost(pod: Pod): number {
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

function statusOf(
  parent: ReplicaParent,
  pods: readonly Pod[],
  terminating: number,
  difference: number,
  context: Context,
): V1ReplicaSetStatus {
  const { object, template, minReadySeconds, kind } = parent;
  const templateLabels = { matchLabels: template?.metadata?.labels ?? {} };
  const before = object.status;
  const failed = context.failure && difference !== 0 ? context.failure : undefined;
  const conditions = failed
    ? setCondition(
        before?.conditions,
        {
          type: 'ReplicaFailure',
          status: 'True',
          reason: difference > 0 ? 'FailedCreate' : 'FailedDelete',
          message: failed.message,
        },
        context.now,
      )
    : removeCondition(before?.conditions, 'ReplicaFailure');
  const fullyLabeled = pods.filter((each) => matchesSelector(templateLabels, each.metadata.labels)).length;
  const ready = pods.filter(isReady).length;
  const available = pods.filter((each) => isAvailable(each, minReadySeconds, context.now)).length;
  return {
    replicas: pods.length,
    ...(fullyLabeled && { fullyLabeledReplicas: fullyLabeled }),
    ...(ready && { readyReplicas: ready }),
    ...(available && { availableReplicas: available }),
    ...(kind === 'ReplicaSet' && { terminatingReplicas: terminating }),
    observedGeneration: object.metadata.generation,
    ...(conditions.length && { conditions }),
  };
}
