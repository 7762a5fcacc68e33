// The status of PodDisruptionBudgets: how many of the selected pods may be evicted now.

import { isFinished, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { scaledValue } from '../../core/machinery/int-or-string.ts';
import { setOwn } from '../../core/machinery/own.ts';
import { controllerOf } from './claim-children.ts';
import { findCondition, sameJson, setCondition } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type LabelSelector,
  type ObjectOf,
  regarding,
  type Snapshot,
  splitKey,
  watch,
  watchSelf,
} from './controller.ts';
import { matchesSelector } from './label-selector.ts';
import type { Pod } from './pod-state.ts';

const type = 'policy/poddisruptionbudgets';

type Budget = ObjectOf<typeof type>;

/** How long an eviction that was allowed may take to show on the pod, in milliseconds. */
const evictionTimeout = 120_000;

export const disruptionBudgetController = defineController({
  name: 'disruption',
  user: controllerUser('disruption-controller'),
  watches: [
    watchSelf(type),
    watch('pods', ({ object, previous }, snapshot: Snapshot<typeof type>) =>
      snapshot
        .list(type, object.metadata.namespace ?? '')
        .filter(({ spec }) => {
          const selector: LabelSelector | undefined = spec?.selector;
          return (
            matchesSelector(selector, object.metadata.labels) || matchesSelector(selector, previous?.metadata.labels)
          );
        })
        .map((each) => `${each.metadata.namespace}/${each.metadata.name}`),
    ),
  ],
  reads: ['apps/replicasets', 'apps/deployments', 'apps/statefulsets', 'replicationcontrollers'],
  owns: [type],
  reconcile(snapshot, key, { now }): Action<typeof type>[] {
    const { namespace, name } = splitKey(key);
    const budget = snapshot.get(type, namespace, name);
    if (!budget || budget.metadata.deletionTimestamp) return [];
    const pods = budget.spec?.selector ? snapshot.list('pods', namespace, budget.spec.selector) : [];
    const expected = expectedOf(
      snapshot,
      budget,
      pods.filter((each) => !isFinished(each)),
    );
    const disrupted = stillLeaving(budget, pods, now);
    const healthy = pods.filter(
      (each) => !each.metadata.deletionTimestamp && isReady(each) && !Object.hasOwn(disrupted, each.metadata.name),
    ).length;
    const allowed = expected.expectedPods > 0 ? Math.max(0, healthy - expected.desiredHealthy) : 0;
    const conditions = conditionsOf(budget, expected.problem, allowed, now);
    const status = {
      observedGeneration: budget.metadata.generation,
      disruptionsAllowed: expected.problem ? 0 : allowed,
      currentHealthy: healthy,
      desiredHealthy: expected.desiredHealthy,
      expectedPods: expected.expectedPods,
      ...(Object.keys(disrupted).length && { disruptedPods: disrupted }),
      conditions,
    };
    const actions: Action<typeof type>[] = [];
    if (!sameJson(status, budget.status)) {
      actions.push({ do: 'update', type, subresource: 'status', object: { ...budget, status } });
    }
    if (expected.problem) {
      const event = { type: 'Warning' as const, reason: 'CalculateExpectedPodCountFailed', message: expected.problem };
      actions.push({ do: 'event', regarding: regarding('policy/v1', 'PodDisruptionBudget', budget), event });
    }
    const times = Object.values(disrupted).map((each) => Date.parse(each) + evictionTimeout - now);
    if (times.length) actions.push({ do: 'requeue', afterMs: Math.max(1000, Math.min(...times)) });
    return actions;
  },
});

interface Expected {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly problem?: string;
}

function expectedOf(
  snapshot: Snapshot<'apps/deployments' | 'apps/replicasets' | 'apps/statefulsets' | 'replicationcontrollers'>,
  budget: Budget,
  pods: readonly Pod[],
): Expected {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined || typeof minAvailable === 'string') {
    const scale = scaleOf(snapshot, pods);
    if (typeof scale === 'string') return { expectedPods: 0, desiredHealthy: 0, problem: scale };
    const desired =
      maxUnavailable !== undefined
        ? scale - scaledValue(maxUnavailable, scale, 'up')
        : scaledValue(minAvailable ?? 0, scale, 'up');
    return { expectedPods: scale, desiredHealthy: Math.max(0, desired) };
  }
  return { expectedPods: pods.length, desiredHealthy: minAvailable ?? 1 };
}

/** The sum of what the pods' controllers want; a text when a pod has none that says. */
function scaleOf(
  snapshot: Snapshot<'apps/deployments' | 'apps/replicasets' | 'apps/statefulsets' | 'replicationcontrollers'>,
  pods: readonly Pod[],
): number | string {
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const { namespace = '', name } = pod.metadata;
    const owner = controllerOf(pod);
    if (!owner) return `found no controllers for pod "${name}"`;
    const set = owner.kind === 'ReplicaSet' ? snapshot.get('apps/replicasets', namespace, owner.name) : undefined;
    const grand = set && controllerOf(set);
    const deployment =
      grand?.kind === 'Deployment' ? snapshot.get('apps/deployments', namespace, grand.name) : undefined;
    const found =
      deployment ??
      set ??
      (owner.kind === 'StatefulSet' ? snapshot.get('apps/statefulsets', namespace, owner.name) : undefined) ??
      (owner.kind === 'ReplicationController'
        ? snapshot.get('replicationcontrollers', namespace, owner.name)
        : undefined);
    if (!found) return `found no controller that has a scale for pod "${name}"`;
    scales.set(found.metadata.uid, found.spec?.replicas ?? 1);
  }
  return [...scales.values()].reduce((sum, each) => sum + each, 0);
}

/** Pods whose eviction was allowed and that do not show it yet. */
function stillLeaving(budget: Budget, pods: readonly Pod[], now: number): Record<string, string> {
  const left: Record<string, string> = {};
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find((each) => each.metadata.name === name);
    if (pod && !pod.metadata.deletionTimestamp && Date.parse(time) + evictionTimeout > now) setOwn(left, name, time);
  }
  return left;
}

function conditionsOf(budget: Budget, problem: string | undefined, allowed: number, now: number) {
  const [status, reason] = problem
    ? ['False', 'SyncFailed']
    : allowed > 0
      ? ['True', 'SufficientPods']
      : ['False', 'InsufficientPods'];
  const condition = {
    type: 'DisruptionAllowed',
    status,
    reason,
    message: problem ?? '',
    observedGeneration: budget.metadata.generation,
  };
  const before = findCondition(budget.status?.conditions, 'DisruptionAllowed');
  const list = budget.status?.conditions?.map((each) => ({ ...each, lastTransitionTime: each.lastTransitionTime }));
  return before && sameJson({ ...before, lastTransitionTime: undefined }, condition)
    ? (list ?? [])
    : setCondition(list, { ...condition, lastTransitionTime: '' }, now);
}
