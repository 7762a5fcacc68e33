// What a pod's status says of it.

import type { V1Pod, V1PodCondition, V1PodStatus } from '../../../../../generated/kubernetes.ts';

interface WithStatus {
  readonly status?: V1PodStatus;
}

export function conditionOf({ status }: WithStatus, type: string): V1PodCondition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}

export function isReady(pod: WithStatus): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** It has run to its end, well or not, and never runs again. */
export function isFinished({ status }: WithStatus): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Counts as a replica: neither finished nor on its way out. */
export function isActive(pod: V1Pod): boolean {
  return !isFinished(pod) && !pod.metadata.deletionTimestamp;
}
