// The status of one container as the API shows it: waiting, running or terminated, with what came before. Pure.

import type { V1ContainerState, V1ContainerStatus } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { ContainerHealth } from '../probes/container-health.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { history } from './observed.ts';
import type { Applied } from './resize.ts';
import { restartDelay, restarts } from './restart.ts';
import type { Round } from './restart-all.ts';

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly observed: ObservedPod;
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** Why a container does not start, by name: an image that cannot be pulled, a ConfigMap that is not there. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The pod is over: nothing starts any more. */
  readonly ended: boolean;
  /** What containers have of CPU and memory. */
  readonly applied?: Applied;
  /** The pod has left the node, and its init containers do not tell why: a container without a run failed. */
  readonly neverRan: boolean;
  /** All containers restart: those of before wait for it. */
  readonly round?: Round | undefined;
  /** The runtime's name, by which ids of containers begin: `containerd`. */
  readonly runtimeName: string;
  readonly now: number;
}

/** As a pod's status names a container. */
export function statusId(runtimeName: string, id: string): string {
  return `${runtimeName}://${id}`;
}

export function containerStatus(input: ContainerStatusInput): V1ContainerStatus {
  const { pod, container, observed } = input;
  const [current, previous] = history(observed, container.name);
  const restartCount = current?.attempt ?? 0;
  const known = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].find(
    ({ name }) => name === container.name,
  );
  const shared = {
    name: container.name,
    image: current?.image || container.spec.image || '',
    imageID: current?.imageRef ?? '',
    restartCount: Math.max(restartCount, current ? 0 : (known?.restartCount ?? 0)),
    ...resourcesOf(input, current),
  };
  if (!current || current.state === 'created') {
    const state = unstartedState(input, current, known);
    if (current || !known?.containerID) return { ...shared, ready: false, started: false, state, lastState: {} };
    // The runtime has forgotten it: its node was taken down. The runs that it had still count.
    const lastState = known.state?.running ? { terminated: lost(known) } : (known.lastState ?? {});
    return { ...shared, containerID: known.containerID, ready: false, started: false, state, lastState };
  }
  const { runtimeName } = input;
  const containerID = statusId(runtimeName, current.id);
  const last: V1ContainerState = previous?.state === 'exited' ? { terminated: terminated(previous, runtimeName) } : {};
  if (current.state === 'running') {
    const health = input.health.get(current.id);
    return {
      ...shared,
      containerID,
      ready: (health?.ready ?? false) && !input.ended,
      started: health?.started ?? false,
      state: { running: { startedAt: timestamp(current.startedAt) } },
      lastState: last,
    };
  }
  if (input.round?.past.has(current.id)) {
    const message = 'The container ended because all containers of the pod restart in place';
    return {
      ...shared,
      containerID,
      ready: false,
      started: false,
      state: { waiting: { reason: 'RestartingAllContainers', message } },
      lastState: { terminated: terminated(current, runtimeName) },
    };
  }
  // A container that will run again is waiting, and its end is its last state.
  const again = !input.ended && restarts(pod, container, current);
  if (again) {
    const held = input.waiting.get(container.name);
    const until = current.finishedAt + restartDelay(current);
    const waiting =
      held ??
      (until > input.now
        ? {
            reason: 'CrashLoopBackOff',
            message: `back-off ${duration(restartDelay(current))} restarting failed container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`,
          }
        : undefined);
    if (waiting)
      return {
        ...shared,
        containerID,
        ready: false,
        started: false,
        state: { waiting: { ...waiting } },
        lastState: { terminated: terminated(current, runtimeName) },
      };
  }
  const succeededInit = container.kind === 'init' && current.exitCode === 0;
  return {
    ...shared,
    containerID,
    ready: succeededInit,
    started: false,
    state: { terminated: terminated(current, runtimeName) },
    lastState: last,
  };
}

/** What was granted, and what the container has (KEP-1287). */
function resourcesOf({ container, applied }: ContainerStatusInput, current: ObservedContainer | undefined) {
  if (container.kind === 'ephemeral') return {};
  const { requests, limits } = (current && applied?.get(current.id)) ?? container.spec.resources ?? {};
  const granted = container.spec.resources?.requests;
  return {
    ...(granted && { allocatedResources: granted }),
    resources: { ...(requests && { requests }), ...(limits && { limits }) },
  };
}

function unstartedState(
  input: ContainerStatusInput,
  current: ObservedContainer | undefined,
  known: V1ContainerStatus | undefined,
): V1ContainerState {
  if (input.ended && known?.state?.terminated) return { terminated: known.state.terminated };
  if (!input.neverRan || input.container.kind === 'ephemeral') return waitingState(input, current);
  const message = 'The container had not started when its pod was ended';
  return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message } };
}

function lost(known: V1ContainerStatus) {
  return {
    containerID: known.containerID,
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container is gone from its node; how it ended is not known',
  };
}

function waitingState(input: ContainerStatusInput, current: ObservedContainer | undefined): V1ContainerState {
  const held = current ? undefined : input.waiting.get(input.container.name);
  if (held) return { waiting: { ...held } };
  // Whichever container it is, and however far they have come: so Kubernetes says it of a pod that has init containers.
  const initializes = (input.pod.spec.initContainers ?? []).length > 0;
  return { waiting: { reason: initializes ? 'PodInitializing' : 'ContainerCreating' } };
}

function terminated(container: ObservedContainer, runtimeName: string) {
  return {
    containerID: statusId(runtimeName, container.id),
    exitCode: container.exitCode,
    reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
    ...(container.message && { message: container.message }),
    startedAt: timestamp(container.startedAt || container.createdAt),
    finishedAt: timestamp(container.finishedAt || container.createdAt),
  };
}

/** RFC 3339 with seconds, as metav1.Time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
