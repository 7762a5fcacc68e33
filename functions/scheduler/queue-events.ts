// Why pods come into a queue, in kube-scheduler's words: labels of `scheduler_queue_incoming_pods_total`. Made once, since they are
// looked up with every change in the cluster.

import type { ReplicaEvent } from '../../core/replica/replica.ts';

export type QueueName = 'active' | 'backoff' | 'unschedulable';

/** Told whenever a pod comes into a queue. */
export type OnEntered = (queue: QueueName, event: string) => void;

export type ChangeEvents = Readonly<Record<ReplicaEvent['type'], string>>;

/** A pod that has no node (yet). */
export const podEvents = eventsOf('UnschedulablePod');
export const assignedPodEvents = eventsOf('AssignedPod');

export const attemptFailed = 'ScheduleAttemptFailure';
export const backoffComplete = 'BackoffComplete';
export const unschedulableTimeout = 'UnschedulableTimeout';

export function eventsOf(resource: string): ChangeEvents {
  return { ADDED: `${resource}Add`, MODIFIED: `${resource}Update`, DELETED: `${resource}Delete` };
}
