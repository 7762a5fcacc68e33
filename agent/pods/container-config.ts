// A container as CRI wants it. Pure: mounts, environment, image and resources are arguments.

import type { ContainerConfigInput, MountInput } from '../cri/messages.ts';
import { expand } from './environment.ts';
import { annotations, labels } from './observed.ts';
import type { Pod, PodContainer } from './pod.ts';
import type { NodeCapacity } from './resources.ts';
import { containerResources } from './resources.ts';
import { namespaces, seccomp, supplementalGroups } from './sandbox-config.ts';

export interface ContainerContext {
  readonly attempt: number;
  readonly quickRestarts: number;
  readonly imageRef: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly MountInput[];
  readonly devices: readonly { hostPath: string; containerPath: string }[];
  readonly capacity: NodeCapacity;
  readonly seccompDir: string;
  readonly nodeName: string;
  /** Id of the container whose processes an ephemeral container sees. */
  readonly targetId?: string;
}

export function containerConfig(pod: Pod, container: PodContainer, context: ContainerContext): ContainerConfigInput {
  const { spec } = container;
  const own = spec.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  const text = (value: string) => expand(value, (name) => context.environment.get(name));
  const privileged = own.privileged ?? false;
  return {
    metadata: { name: container.name, attempt: context.attempt },
    image: { image: context.imageRef, userSpecifiedImage: spec.image },
    command: (spec.command ?? []).map(text),
    args: (spec.args ?? []).map(text),
    workingDir: spec.workingDir,
    envs: [...context.environment].map(([key, value]) => ({ key, value })),
    mounts: context.mounts,
    devices: context.devices.map((each) => ({ ...each, permissions: 'mrw' })),
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
    logPath: logPath(container.name, context.attempt),
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    linux: {
      resources: containerResources(pod, spec.resources, context.capacity, container.kind === 'sidecar'),
      securityContext: {
        privileged,
        namespaceOptions: namespaces(pod, context.targetId),
        ...(user !== undefined && { runAsUser: { value: Number(user) } }),
        // CRI refuses a group without a user; image users are uid 0 unless they say otherwise.
        ...(group !== undefined && {
          runAsGroup: { value: Number(group) },
          ...(user === undefined && { runAsUser: { value: 0 } }),
        }),
        readonlyRootfs: own.readOnlyRootFilesystem,
        supplementalGroups: supplementalGroups(pod),
        noNewPrivs: own.allowPrivilegeEscalation === false,
        capabilities: {
          addCapabilities: own.capabilities?.add?.map(capability),
          dropCapabilities: own.capabilities?.drop?.map(capability),
        },
        seccomp: seccomp(own.seccompProfile ?? shared.seccompProfile, context.seccompDir),
        ...(own.procMount !== 'Unmasked' && !privileged && { maskedPaths, readonlyPaths }),
      },
    },
  };
}

/** Below the pod's log directory. */
function logPath(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}

/** Why a container that must not run as root would; undefined when it may start. `image`: the user of its image. */
export function rootViolation(
  pod: Pod,
  container: PodContainer,
  image: { uid: number | undefined; username: string },
): string | undefined {
  const own = container.spec.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  if (!(own.runAsNonRoot ?? shared.runAsNonRoot)) return undefined;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user !== undefined) return user === 0 ? "container's runAsUser breaks non-root policy" : undefined;
  if (image.username && image.username !== 'root')
    return `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`;
  return (image.uid ?? 0) === 0 ? 'container has runAsNonRoot and image will run as root' : undefined;
}

/** The CRI takes names without the prefix; `ALL` stays. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
