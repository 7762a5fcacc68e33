// The status of a Deployment: counts, and the conditions Available, Progressing and ReplicaFailure that kubectl waits on.

import type { V1DeploymentCondition, V1DeploymentStatus } from '../../generated/kubernetes.ts';
import { findCondition, removeCondition, setCondition, timestamp } from './condition.ts';
import { bounds, type Deployment, desiredOf, type ReplicaSet, sum } from './deployment-replicas.ts';

export interface Progress {
  /** Not set: the rollout's progress is not looked at (paused, or being scaled). */
  readonly tracked: boolean;
  /** A step that this pass takes: it is progress in itself. */
  readonly step?: { reason: 'NewReplicaSetCreated' | 'FoundNewReplicaSet'; name: string };
}

export function statusOf(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
  progress: Progress,
  now: number,
): V1DeploymentStatus {
  const before = deployment.status ?? {};
  const counts = {
    replicas: sum(all, (each) => each.status?.replicas ?? 0),
    updatedReplicas: next?.status?.replicas ?? 0,
    readyReplicas: sum(all, (each) => each.status?.readyReplicas ?? 0),
    availableReplicas: sum(all, (each) => each.status?.availableReplicas ?? 0),
  };
  const unavailable = Math.max(0, sum(all) - counts.availableReplicas);
  let conditions = available(deployment, counts.availableReplicas, before.conditions, now);
  conditions = progressing(deployment, next, counts, conditions, progress, now);
  const failure = all.flatMap((each) => findCondition(each.status?.conditions, 'ReplicaFailure') ?? [])[0];
  conditions = failure
    ? withCondition(conditions, 'ReplicaFailure', failure.status, failure.reason ?? '', failure.message ?? '', now)
    : removeCondition(conditions, 'ReplicaFailure');
  return {
    observedGeneration: deployment.metadata.generation,
    ...(counts.replicas && { replicas: counts.replicas }),
    ...(counts.updatedReplicas && { updatedReplicas: counts.updatedReplicas }),
    ...(counts.readyReplicas && { readyReplicas: counts.readyReplicas }),
    ...(counts.availableReplicas && { availableReplicas: counts.availableReplicas }),
    ...(unavailable && { unavailableReplicas: unavailable }),
    terminatingReplicas: sum(all, (each) => each.status?.terminatingReplicas ?? 0),
    ...(before.collisionCount && { collisionCount: before.collisionCount }),
    conditions,
  };
}

/** When the deadline passes, in milliseconds from now; undefined when nothing is waited for. */
export function untilDeadline(deployment: Deployment, status: V1DeploymentStatus, now: number): number | undefined {
  const deadline = deadlineOf(deployment);
  const condition = findCondition(status.conditions, 'Progressing');
  if (deadline === undefined || !condition || deployment.spec?.paused) return undefined;
  if (condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded')
    return undefined;
  const left = Date.parse(condition.lastUpdateTime ?? '') + deadline * 1000 - now;
  return Math.max(1000, left + 1000);
}

type Conditions = V1DeploymentCondition[] | undefined;
type Counts = { replicas: number; updatedReplicas: number; readyReplicas: number; availableReplicas: number };

function available(deployment: Deployment, count: number, conditions: Conditions, now: number) {
  const enough = count >= desiredOf(deployment) - bounds(deployment).maxUnavailable;
  return enough
    ? withCondition(
        conditions,
        'Available',
        'True',
        'MinimumReplicasAvailable',
        'Deployment has minimum availability.',
        now,
      )
    : withCondition(
        conditions,
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
        now,
      );
}

function progressing(
  deployment: Deployment,
  next: ReplicaSet | undefined,
  counts: Counts,
  conditions: V1DeploymentCondition[],
  progress: Progress,
  now: number,
): V1DeploymentCondition[] {
  const deadline = deadlineOf(deployment);
  // Without a deadline there is no such condition.
  if (deadline === undefined) return removeCondition(conditions, 'Progressing');
  const before = findCondition(conditions, 'Progressing');
  const set = (status: string, reason: string, message: string) =>
    withCondition(conditions, 'Progressing', status, reason, message, now);
  if (before?.reason !== 'ProgressDeadlineExceeded') {
    if (deployment.spec?.paused && before?.reason !== 'DeploymentPaused') {
      return set('Unknown', 'DeploymentPaused', 'Deployment is paused');
    }
    if (!deployment.spec?.paused && before?.reason === 'DeploymentPaused') {
      return set('Unknown', 'DeploymentResumed', 'Deployment is resumed');
    }
  }
  if (progress.step?.reason === 'NewReplicaSetCreated') {
    return set('True', 'NewReplicaSetCreated', `Created new replica set "${progress.step.name}"`);
  }
  if (progress.step?.reason === 'FoundNewReplicaSet' && !before) {
    return set('True', 'FoundNewReplicaSet', `Found new replica set "${progress.step.name}"`);
  }
  if (!progress.tracked) return conditions;

  const steady = counts.replicas === counts.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (steady) return conditions;
  const subject = next ? `ReplicaSet "${next.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, counts)) {
    return set('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
  }
  if (hasProgressed(deployment, counts)) {
    const moved = withCondition(
      removeCondition(conditions, 'Progressing'),
      'Progressing',
      'True',
      'ReplicaSetUpdated',
      `${subject} is progressing.`,
      now,
    );
    if (before?.status !== 'True') return moved;
    return moved.map((each) =>
      each.type === 'Progressing' ? { ...each, lastTransitionTime: before.lastTransitionTime } : each,
    );
  }
  if (timedOut(before, deadline, now)) {
    return set('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  }
  return conditions;
}

export function isComplete(deployment: Deployment, counts: Counts): boolean {
  const desired = desiredOf(deployment);
  return counts.updatedReplicas === desired && counts.replicas === desired && counts.availableReplicas === desired;
}

function hasProgressed(deployment: Deployment, counts: Counts): boolean {
  const before = deployment.status ?? {};
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0);
  return (
    counts.updatedReplicas > (before.updatedReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < oldBefore ||
    counts.readyReplicas > (before.readyReplicas ?? 0) ||
    counts.availableReplicas > (before.availableReplicas ?? 0)
  );
}

function timedOut(condition: V1DeploymentCondition | undefined, deadline: number, now: number): boolean {
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(condition.lastUpdateTime ?? '') + deadline * 1000 < now;
}

/** The largest int32 stands for no deadline. */
function deadlineOf(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? 600;
  return seconds === 2147483647 ? undefined : seconds;
}

/** Unchanged when status and reason are: the times tell of changes. */
function withCondition(
  conditions: Conditions,
  type: string,
  status: string,
  reason: string,
  message: string,
  now: number,
): V1DeploymentCondition[] {
  const before = findCondition(conditions, type);
  if (before?.status === status && before.reason === reason) return [...(conditions ?? [])];
  return setCondition(conditions, { type, status, reason, message, lastUpdateTime: timestamp(now) }, now);
}
