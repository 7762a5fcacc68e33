// How a run ended, or why it does not begin, from what the cluster says of its Job and pods. Pure.

import type { CoreV1Event, V1ContainerStatus, V1Job, V1Pod } from '../../generated/kubernetes.ts';
import { helperNames } from './helper-containers.ts';

/** Exit codes that are not the command's: those of timeout(1) and of `docker run`. */
export const exitCodes = { timedOut: 124, failedToRun: 125 } as const;

export interface Outcome {
  readonly exitCode: number;
  /** What to tell beside the exit code. */
  readonly message: string | undefined;
}

export function isOver(job: V1Job | undefined): boolean {
  return endOf(job) !== undefined;
}

export function isFinishedPod({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** All containers' statuses, init containers first. */
export function containersOf({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

export function outcomeOf(job: V1Job | undefined, pods: readonly V1Pod[]): Outcome {
  const end = endOf(job);
  if (end?.reason === 'DeadlineExceeded')
    return {
      exitCode: exitCodes.timedOut,
      message: `the run took longer than ${job?.spec?.activeDeadlineSeconds} s and was ended: \`--timeout\` gives it more`,
    };
  const failed = pods.map(podFailure).find((each) => each !== undefined);
  if (failed) return failed;
  if (end?.type === 'Failed')
    return { exitCode: exitCodes.failedToRun, message: `the Job failed (${end.reason}): ${end.message}` };
  return { exitCode: 0, message: undefined };
}

function endOf(job: V1Job | undefined) {
  return job?.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

/** undefined: the pod succeeded, or has not ended. */
function podFailure(pod: V1Pod): Outcome | undefined {
  const { metadata, status } = pod;
  const name = metadata?.name ?? '';
  const lost = status?.reason ?? (metadata?.deletionTimestamp ? 'Deleted' : undefined);
  for (const { name: container, state } of containersOf(pod)) {
    const { exitCode = 0, reason, message } = state?.terminated ?? {};
    if (exitCode === 0) continue;
    // What ended the pod is why its command has this code.
    if (lost && status?.phase === 'Failed') break;
    if (container === helperNames.upload)
      return { exitCode: exitCodes.failedToRun, message: `the files did not come into pod ${name}: its log says why` };
    if (container === helperNames.bring) continue;
    return { exitCode, message: explained(container, reason, message) };
  }
  if (status?.phase !== 'Failed') return undefined;
  return {
    exitCode: exitCodes.failedToRun,
    message: `pod ${name} failed (${lost ?? 'no container says why'})${status.message ? `: ${status.message}` : ''}: run it again`,
  };
}

function explained(container: string, reason: string | undefined, message: string | undefined): string | undefined {
  if (reason === 'OOMKilled') return `container ${container} used more memory than it may: \`--memory\` gives it more`;
  if (reason === undefined || reason === 'Error' || reason === 'Completed') return undefined;
  return `container ${container}: ${reason}${message ? `: ${message.trim()}` : ''}`;
}

/** Of a container that waits for good: the image is none, or the configuration. */
const hopeless: ReadonlySet<string> = new Set(['InvalidImageName', 'ErrImageNeverPull']);

export interface Pending {
  readonly why: string;
  readonly hopeless: boolean;
  /** What to type, or to look at. */
  readonly advice: string;
}

/** Why the pod's containers do not run yet; undefined: there is nothing to tell. `events`: of the pod, oldest first. */
export function whyPending(pod: V1Pod, events: readonly CoreV1Event[]): Pending | undefined {
  const { metadata, status } = pod;
  const namespace = metadata?.namespace ?? '';
  const of = `pod ${metadata?.name}`;
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled)
    return {
      why: `${of} is on no node (${unscheduled.reason}): ${unscheduled.message}`,
      hopeless: false,
      advice: 'kubectl get nodes; kubectl describe nodes',
    };
  const describe = `kubectl -n ${namespace} describe pod ${metadata?.name}`;
  for (const { name, image, state } of containersOf(pod)) {
    const { reason, message } = state?.waiting ?? {};
    if (!reason || reason === 'PodInitializing' || reason === 'ContainerCreating') continue;
    const helper = name === helperNames.upload || name === helperNames.bring;
    const advice = helper ? '`--helper-image` names an image with sh and tar that the nodes can have' : describe;
    return {
      why: `container ${name} of ${of} waits (${reason}): ${message ?? image}`,
      hopeless: hopeless.has(reason),
      advice,
    };
  }
  const warning = events.findLast(({ type }) => type === 'Warning') ?? events.at(-1);
  if (!warning) return undefined;
  return { why: `${of}: ${warning.reason}: ${warning.message}`, hopeless: false, advice: describe };
}

/** Why the Job has no pod: a quota, a policy, a webhook. */
export function whyNoPod(job: V1Job, events: readonly CoreV1Event[]): Pending | undefined {
  const warning = events.findLast(({ type }) => type === 'Warning');
  if (!warning) return undefined;
  const { namespace, name } = job.metadata ?? {};
  return {
    why: `Job ${name} has no pod: ${warning.reason}: ${warning.message}`,
    hopeless: false,
    advice: `kubectl -n ${namespace} describe job ${name}`,
  };
}
