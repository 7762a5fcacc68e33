// What the container runtime has of a pod. Times are milliseconds since 1970.

import type { ContainerStatusInfo, PodSandboxStatusInfo } from '../cri/messages.ts';
import { containerStates, namespaceModes, sandboxStates } from '../cri/messages.ts';

export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}

export interface ObservedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  /** How often a container of this name was made before it in this pod. */
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited';
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  /** The image as the pod's spec named it. */
  readonly image: string;
  readonly imageRef: string;
  /** Restarts in a row that each came before the container had run for long. */
  readonly quickRestarts: number;
  readonly logPath: string;
  /** It was ended only to start again with other resources. */
  readonly resized?: boolean;
}

export interface ObservedPod {
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
}

/** Labels and annotations by which the agent knows its own after a restart. The io.kubernetes ones are every CRI tool's. */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  node: 'zeroplane.dev/node',
} as const;
export const annotations = {
  image: 'zeroplane.dev/image',
  quickRestarts: 'zeroplane.dev/quick-restarts',
  terminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
} as const;

export function observeSandbox(status: PodSandboxStatusInfo): ObservedSandbox {
  const { network } = status;
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === sandboxStates.ready,
    createdAt: milliseconds(status.createdAt),
    ips: network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : [],
    hostNetwork: status.linux?.namespaces?.options?.network === namespaceModes.node,
  };
}

/** `message` is the termination message, which the runtime does not know. */
export function observeContainer(status: ContainerStatusInfo, sandboxId: string, message: string): ObservedContainer {
  const exited = status.state === containerStates.exited || status.state === containerStates.unknown;
  return {
    id: status.id,
    sandboxId,
    name: status.metadata?.name ?? '',
    attempt: status.metadata?.attempt ?? 0,
    state: exited ? 'exited' : status.state === containerStates.running ? 'running' : 'created',
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.state === containerStates.unknown ? 137 : status.exitCode,
    reason: status.state === containerStates.unknown ? 'ContainerStatusUnknown' : status.reason,
    message: message || status.message,
    image: status.annotations[annotations.image] ?? status.image?.image ?? '',
    imageRef: status.imageRef,
    quickRestarts: Number(status.annotations[annotations.quickRestarts] ?? 0),
    logPath: status.logPath,
  };
}

/** A container between its creation and the first status that the runtime gives of it. */
export function justCreated(
  id: string,
  sandboxId: string,
  made: { readonly name: string; readonly image: string; readonly attempt: number; readonly quickRestarts: number },
): ObservedContainer {
  const nothingYet = { createdAt: 0, startedAt: 0, finishedAt: 0, exitCode: 0, reason: '', message: '', imageRef: '' };
  return { id, sandboxId, ...made, ...nothingYet, state: 'created', logPath: '' };
}

/** The containers of one name, newest first. */
export function history(observed: ObservedPod, name: string): ObservedContainer[] {
  return observed.containers
    .filter((each) => each.name === name)
    .sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

export function latest(observed: ObservedPod, name: string): ObservedContainer | undefined {
  return history(observed, name)[0];
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
