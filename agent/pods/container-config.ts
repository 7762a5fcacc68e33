// A container as CRI wants it. Pure: mounts, environment, image and resources are arguments.

import type { ContainerConfigInput, MountInput } from '../cri/messages.ts';
import { expand } from '../pod/environment.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { annotations, labels } from './observed.ts';
import type { ImageUser, PodHost } from './pod-host.ts';

export interface ContainerContext {
  readonly attempt: number;
  readonly quickRestarts: number;
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly MountInput[];
  readonly devices: readonly { hostPath: string; containerPath: string; permissions: string }[];
  readonly host: Pick<PodHost, 'container'>;
  readonly nodeName: string;
  /** Id of the container whose processes an ephemeral container sees. */
  readonly targetId?: string;
}

export function containerConfig(pod: Pod, container: PodContainer, context: ContainerContext): ContainerConfigInput {
  const { spec } = container;
  const text = (value: string) => expand(value, (name) => context.environment.get(name));
  return {
    metadata: { name: container.name, attempt: context.attempt },
    image: { image: context.imageRef, userSpecifiedImage: spec.image },
    command: (spec.command ?? []).map(text),
    args: (spec.args ?? []).map(text),
    workingDir: spec.workingDir,
    envs: [...context.environment].map(([key, value]) => ({ key, value })),
    mounts: context.mounts,
    devices: context.devices,
    labels: {
      [labels.podName]: pod.metadata.name,
      [labels.podNamespace]: pod.metadata.namespace,
      [labels.podUid]: pod.metadata.uid,
      [labels.containerName]: container.name,
      [labels.node]: context.nodeName,
    },
    annotations: {
      [annotations.image]: spec.image ?? '',
      [annotations.quickRestarts]: String(context.quickRestarts),
      [annotations.terminationMessagePath]: spec.terminationMessagePath ?? '/dev/termination-log',
      [annotations.terminationMessagePolicy]: spec.terminationMessagePolicy ?? 'File',
    },
    logPath: containerLogPath(container.name, context.attempt),
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    ...context.host.container({
      pod,
      container,
      image: context.imageUser,
      ...(context.targetId !== undefined && { targetId: context.targetId }),
    }),
  };
}

/** Below the pod's log directory. */
export function containerLogPath(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}
