// The Deployment controller: plans the roll from the ReplicaSets of older templates to that of the new one.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { claimChildren, controllerOf, watchOrphans } from './claim-children.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  type Context,
  controllerUser,
  defineController,
  regarding,
  type Snapshot,
  splitKey,
  watch,
  watchChildren,
  watchSelf,
} from './controller.ts';
import {
  byAge,
  type Deployment,
  desiredOf,
  desiredReplicasAnnotation,
  isRolling,
  newReplicas,
  oldReplicas,
  proportionalReplicas,
  type ReplicaSet,
  replicasOf,
  sum,
} from './deployment-replicas.ts';
import { findNew, newReplicaSet, newReplicaSetName } from './deployment-revision.ts';
import { annotate, cleanUp, createSet, resize } from './deployment-sets.ts';
import { isComplete, type Progress, statusOf, untilDeadline } from './deployment-status.ts';
import { isEmptySelector } from './label-selector.ts';

type Wanted = Action<typeof sets | typeof type>;

const type = 'apps/deployments';
const sets = 'apps/replicasets';

export const deploymentController = defineController({
  name: 'deployment',
  user: controllerUser('deployment-controller'),
  watches: [
    watchSelf(type),
    watchChildren(sets, 'apps', 'Deployment'),
    watchOrphans(sets, type, (each) => each.spec?.selector),
    // Recreate waits until every old pod is gone.
    watch('pods', ({ object, type: event }, snapshot: Snapshot<typeof type | typeof sets>) => {
      if (event === 'ADDED' || (event === 'MODIFIED' && !isFinished(object))) return [];
      const { namespace = '' } = object.metadata;
      const set = snapshot.get(sets, namespace, controllerOf(object)?.name ?? '');
      const owner = set && controllerOf(set);
      const deployment = owner && snapshot.get(type, namespace, owner.name);
      return deployment && !isRolling(deployment) ? [`${namespace}/${deployment.metadata.name}`] : [];
    }),
  ],
  claims: 'apps/deployments',
  owns: [sets, type],
  reconcile(snapshot, key, context) {
    const { namespace, name } = splitKey(key);
    const deployment = snapshot.get(type, namespace, name);
    return deployment ? reconcile(snapshot, deployment, context) : [];
  },
});

interface Plan {
  /** Sizes, and the new ReplicaSet's annotations. */
  readonly changes: Wanted[];
  readonly progress: Progress;
}

function reconcile(snapshot: Snapshot<'pods' | typeof sets>, deployment: Deployment, context: Context): Wanted[] {
  const selector = deployment.spec?.selector;
  if (isEmptySelector(selector)) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    return [event(deployment, { type: 'Warning', reason: 'SelectingAll', message })];
  }
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', object: deployment, selector };
  const { children, actions: claims } = claimChildren(snapshot, sets, owner);
  const actions: Wanted[] = [...claims];
  const next = findNew(deployment, children);
  const old = children.filter((each) => each !== next);
  const plan = planOf(snapshot, deployment, children, next, old);
  actions.push(...plan.changes);
  const collided = plan.changes.length ? collision(snapshot, deployment, children, next) : undefined;
  if (collided) return collided;
  const status = statusOf(deployment, children, next, plan.progress, context.now);
  if (!sameJson(status, deployment.status)) {
    actions.push({ do: 'update', type, subresource: 'status', object: { ...deployment, status } });
  }
  const wait = untilDeadline(deployment, status, context.now);
  if (wait !== undefined) actions.push({ do: 'requeue', afterMs: wait });
  return actions;
}

function planOf(
  snapshot: Snapshot<'pods'>,
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Plan {
  if (deployment.metadata.deletionTimestamp) return { changes: [], progress: { tracked: false } };
  const desired = String(desiredOf(deployment));
  const resized = all.some((each) => {
    const was = each.metadata.annotations?.[desiredReplicasAnnotation];
    return replicasOf(each) > 0 && was !== undefined && was !== desired;
  });
  if (deployment.spec?.paused || resized) {
    const annotated = next ? annotate(deployment, next, old) : { changes: [], set: undefined };
    const changes = [...annotated.changes, ...scale(deployment, annotated.set, old)];
    if (deployment.spec?.paused) changes.push(...cleanUp(deployment, old));
    return { changes, progress: { tracked: false } };
  }
  return isRolling(deployment) ? rolling(deployment, all, next, old) : recreate(snapshot, deployment, all, next, old);
}

function rolling(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Plan {
  if (!next) return create(deployment, all, old);
  const { changes, set } = annotate(deployment, next, old);
  const progress: Progress = { tracked: true, step: { reason: 'FoundNewReplicaSet', name: next.metadata.name } };
  const desired = desiredOf(deployment);
  const current = replicasOf(next);
  const wanted = current > desired ? desired : newReplicas(deployment, all, current);
  if (wanted !== current) return { changes: [...resize(deployment, set, wanted)], progress };
  const shrink = [...oldReplicas(deployment, old, next)].flatMap(([each, size]) => resize(deployment, each, size));
  if (shrink.length) return { changes: [...changes, ...shrink], progress };
  return { changes: [...changes, ...cleanUpIfComplete(deployment, all, next, old)], progress };
}

function recreate(
  snapshot: Snapshot<'pods'>,
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Plan {
  const shrink = old.filter((each) => replicasOf(each) > 0).flatMap((each) => resize(deployment, each, 0));
  if (shrink.length) return { changes: shrink, progress: { tracked: false } };
  const running = old.some((each) =>
    snapshot
      .ownedBy('pods', each.metadata.uid)
      .some((pod) => !isFinished(pod) && controllerOf(pod)?.uid === each.metadata.uid),
  );
  if (running) return { changes: [], progress: { tracked: true } };
  if (!next) return create(deployment, all, old);
  const { changes, set } = annotate(deployment, next, old);
  const progress: Progress = { tracked: true, step: { reason: 'FoundNewReplicaSet', name: next.metadata.name } };
  if (replicasOf(next) !== desiredOf(deployment)) {
    return { changes: resize(deployment, set, desiredOf(deployment)), progress };
  }
  return { changes: [...changes, ...cleanUpIfComplete(deployment, all, next, old)], progress };
}

function create(deployment: Deployment, all: readonly ReplicaSet[], old: readonly ReplicaSet[]): Plan {
  const set = newReplicaSet(deployment, old, newReplicas(deployment, all, 0));
  const step = { reason: 'NewReplicaSetCreated', name: set.metadata.name } as const;
  return { changes: createSet(deployment, set), progress: { tracked: false, step } };
}

/** The new ReplicaSet's name is taken by another template or another owner: the next name is tried (KEP "collisionCount"). */
function collision(
  snapshot: Snapshot<'apps/replicasets'>,
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
): Wanted[] | undefined {
  if (next || deployment.spec?.paused || deployment.metadata.deletionTimestamp) return undefined;
  const { namespace = '' } = deployment.metadata;
  const { name } = newReplicaSetName(deployment);
  const taken = snapshot.get(sets, namespace, name);
  if (!taken || (all.includes(taken) && findNew(deployment, [taken]))) return undefined;
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  return [{ do: 'update', type, subresource: 'status', object: { ...deployment, status } }];
}

function scale(deployment: Deployment, next: ReplicaSet | undefined, old: readonly ReplicaSet[]): Wanted[] {
  const all = next ? [...old, next] : [...old];
  const active = all.filter((each) => replicasOf(each) > 0);
  const desired = desiredOf(deployment);
  if (active.length <= 1) {
    const only = active[0] ?? next ?? [...old].sort(byAge).at(-1);
    return only ? resize(deployment, only, desired) : [];
  }
  if (next && isSaturated(deployment, next)) {
    return old.filter((each) => replicasOf(each) > 0).flatMap((each) => resize(deployment, each, 0));
  }
  if (!isRolling(deployment)) return [];
  return [...proportionalReplicas(deployment, active)].flatMap(([set, size]) => resize(deployment, set, size));
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const desired = desiredOf(deployment);
  return (
    replicasOf(set) === desired &&
    Number(set.metadata.annotations?.[desiredReplicasAnnotation]) === desired &&
    (set.status?.availableReplicas ?? 0) === desired
  );
}

function cleanUpIfComplete(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet,
  old: readonly ReplicaSet[],
): Wanted[] {
  const counts = {
    replicas: sum(all, (each) => each.status?.replicas ?? 0),
    updatedReplicas: next.status?.replicas ?? 0,
    readyReplicas: 0,
    availableReplicas: sum(all, (each) => each.status?.availableReplicas ?? 0),
  };
  return isComplete(deployment, counts) ? cleanUp(deployment, old) : [];
}

function event(deployment: Deployment, text: { type: 'Normal' | 'Warning'; reason: string; message: string }): Action {
  return { do: 'event', regarding: regarding('apps/v1', 'Deployment', deployment), event: text };
}
