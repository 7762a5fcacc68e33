// What a node with Windows does for every field of a security context: `windowsOptions` goes to the runtime, what only Linux can do is
// refused, so that no pod runs with less than it asked for. Typed over all fields that Kubernetes has. Pure.
// Source: Kubernetes, "Windows containers in Kubernetes", compatibility of pod fields.

import type {
  V1PodSecurityContext,
  V1SecurityContext,
  V1WindowsSecurityContextOptions,
} from '../../../generated/kubernetes.ts';
import { type Pod, type PodContainer, podContainers } from '../../pod/pod.ts';
import type { StartingContainer } from '../../pods/pod-host.ts';
import type { PodTermination } from '../../pods/sync-pod.ts';

/** `linux`: Windows has nothing of the kind. */
type Does = 'linux' | 'done';

const ofContainers: { readonly [K in keyof V1SecurityContext]-?: Does } = {
  allowPrivilegeEscalation: 'linux',
  appArmorProfile: 'linux',
  capabilities: 'linux',
  privileged: 'linux',
  procMount: 'linux',
  readOnlyRootFilesystem: 'linux',
  runAsGroup: 'linux',
  runAsNonRoot: 'done',
  runAsUser: 'linux',
  seLinuxOptions: 'linux',
  seccompProfile: 'linux',
  windowsOptions: 'done',
};
const ofPods: { readonly [K in keyof V1PodSecurityContext]-?: Does } = {
  appArmorProfile: 'linux',
  fsGroup: 'linux',
  fsGroupChangePolicy: 'linux',
  runAsGroup: 'linux',
  runAsNonRoot: 'done',
  runAsUser: 'linux',
  seLinuxChangePolicy: 'linux',
  seLinuxOptions: 'linux',
  seccompProfile: 'linux',
  supplementalGroups: 'linux',
  supplementalGroupsPolicy: 'linux',
  sysctls: 'linux',
  windowsOptions: 'done',
};

export function windowsOptions(pod: Pod, container: PodContainer): V1WindowsSecurityContextOptions {
  return { ...pod.spec.securityContext?.windowsOptions, ...container.spec.securityContext?.windowsOptions };
}

export function isHostProcess(pod: Pod): boolean {
  return podContainers(pod).some((container) => windowsOptions(pod, container).hostProcess === true);
}

/** Why the node does not take the pod. */
export function windowsRefusal(pod: Pod): PodTermination | undefined {
  const { spec } = pod;
  const asked = [
    ...(['hostPID', 'hostIPC', 'shareProcessNamespace'] as const).filter((field) => spec[field]),
    ...(spec.hostUsers === false ? ['hostUsers'] : []),
    // A container of the machine itself has the machine's network; no other can.
    ...(spec.hostNetwork && !isHostProcess(pod) ? ['hostNetwork'] : []),
    ...linuxFields(spec.securityContext ?? {}, ofPods),
    ...podContainers(pod).flatMap((container) => linuxFields(container.spec.securityContext ?? {}, ofContainers)),
  ];
  if (asked.length === 0) return undefined;
  return {
    reason: 'PodOSNotSupported',
    message: `Cannot enforce ${[...new Set(asked)].join(', ')}: this node runs Windows; leave them out, or select nodes of Linux (nodeSelector kubernetes.io/os: linux)`,
  };
}

/** Why the container does not start. An ephemeral one comes when its pod was taken long ago, so what is refused is asked again. */
export function windowsViolation({ pod, container, image }: StartingContainer): string | undefined {
  const refusal = windowsRefusal(pod);
  if (refusal) return refusal.message;
  const fields = linuxFields(container.spec.securityContext ?? {}, ofContainers);
  if (fields.length > 0) return `Cannot enforce ${fields.join(', ')}: this node runs Windows`;
  if ((container.spec.volumeDevices ?? []).length > 0) return 'Cannot give block devices: this node runs Windows';
  const options = windowsOptions(pod, container);
  if (options.gmsaCredentialSpecName && !options.gmsaCredentialSpec)
    return `gmsaCredentialSpecName "${options.gmsaCredentialSpecName}" has no gmsaCredentialSpec with it: the webhook of windows-gmsa writes it, and none did`;
  const nonRoot = container.spec.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  const user = options.runAsUserName ?? image.username;
  return nonRoot && /^(?:.*\\)?ContainerAdministrator$/i.test(user)
    ? `container's runAsUserName (${user}) which will be regarded as root identity and will break non-root policy`
    : undefined;
}

function linuxFields(context: object, rules: Readonly<Record<string, Does>>): string[] {
  return Object.entries(context).flatMap(([field, value]) =>
    isAsked(value) && new Map(Object.entries(rules)).get(field) !== 'done' ? [field] : [],
  );
}

/** An empty object or list asks for nothing. */
function isAsked(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== 'object' || Object.values(value).some((each) => each !== undefined && each !== null);
}
