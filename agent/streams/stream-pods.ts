// What a stream needs to know of this node's pods.

import { StatusError } from '../../core/machinery/status.ts';
import type { V1PodStatus } from '../../generated/kubernetes.ts';
import { latest, type ObservedContainer, type ObservedPod, type ObservedSandbox } from '../pods/observed.ts';

export interface StreamPod {
  readonly observed: ObservedPod;
  /** As the agent last computed it. */
  readonly status: V1PodStatus | undefined;
}

export interface StreamPods {
  get(uid: string): StreamPod | undefined;
}

/** The container of this name that runs. Throws StatusError. */
export function runningContainer(pod: StreamPod | undefined, podName: string, name: string): ObservedContainer {
  const container = pod && latest(pod.observed, name);
  if (container?.state === 'running') return container;
  const state = container
    ? `it has ${container.state === 'exited' ? 'ended' : 'not started yet'}`
    : 'it was not started yet';
  throw new StatusError('BadRequest', `container not found (${JSON.stringify(name)}): ${state} in pod ${podName}`);
}

/** The sandbox whose network the pod's ports are in. Throws StatusError. */
export function runningSandbox(pod: StreamPod | undefined, podName: string): ObservedSandbox {
  const sandbox = pod?.observed.sandboxes.find(({ ready }) => ready);
  if (sandbox) return sandbox;
  throw new StatusError('BadRequest', `pod ${podName} is not running`);
}

/** Where others reach the pod: as the runtime says, never as somebody reported it. Throws StatusError. */
export function podAddress(pod: StreamPod | undefined, podName: string, nodeIP: string): string {
  const { hostNetwork, ips } = runningSandbox(pod, podName);
  const address = hostNetwork ? nodeIP : ips[0];
  if (address) return address;
  throw new StatusError('ServiceUnavailable', `pod ${podName} has no address yet`);
}
