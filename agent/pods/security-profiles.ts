// Profiles that confine a container's calls, its programs, and what it sees of /proc and /sys, as CRI wants them. Pure.

import { getOwn } from '../../core/machinery/own.ts';
import type { V1AppArmorProfile, V1SeccompProfile } from '../../generated/kubernetes.ts';
import type { ContainerSecurityInput, SecurityProfileInput } from '../cri/messages.ts';
import { profileTypes } from '../cri/messages.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeSecurity } from './node-security.ts';
import type { PodTermination } from './sync-pod.ts';

export function seccomp(
  profile: V1SeccompProfile | undefined,
  node: Pick<NodeSecurity, 'seccompDir' | 'seccompDefault'>,
): SecurityProfileInput {
  const type = profile?.type ?? (node.seccompDefault ? 'RuntimeDefault' : 'Unconfined');
  if (type === 'Localhost')
    return {
      profileType: profileTypes.localhost,
      localhostRef: `${node.seccompDir}/${profile?.localhostProfile ?? ''}`,
    };
  return { profileType: type === 'RuntimeDefault' ? profileTypes.runtimeDefault : profileTypes.unconfined };
}

/** The API says the same, and this is what the runtime opens as root. */
export function seccompViolation({ type, localhostProfile: file }: V1SeccompProfile): string | undefined {
  if (type === 'RuntimeDefault' || type === 'Unconfined') return undefined;
  if (type !== 'Localhost')
    return `seccompProfile.type: "${type}" is unknown; use RuntimeDefault, Localhost or Unconfined`;
  if (!file) return 'localhostProfile must be set if seccompProfile type is Localhost';
  return file.startsWith('/') || file.includes('\0') || file.split('/').includes('..')
    ? `seccompProfile.localhostProfile: ${JSON.stringify(file)} leads out of the node's directory of profiles`
    : undefined;
}

export function appArmor(profile: V1AppArmorProfile | undefined): ContainerSecurityInput {
  switch (profile?.type) {
    case undefined:
      return {};
    case 'RuntimeDefault':
      return { apparmor: { profileType: profileTypes.runtimeDefault } };
    case 'Unconfined':
      return { apparmor: { profileType: profileTypes.unconfined } };
    default:
      return { apparmor: { profileType: profileTypes.localhost, localhostRef: profile?.localhostProfile ?? '' } };
  }
}

export function appArmorRefusal(
  { type }: V1AppArmorProfile,
  node: Pick<NodeSecurity, 'appArmor'>,
): PodTermination | undefined {
  return type === 'Unconfined' || node.appArmor
    ? undefined
    : { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

/** The form before Kubernetes 1.30: `unconfined`, `runtime/default`, `localhost/NAME`. */
export function annotatedAppArmor({ metadata }: Pod, container: string): V1AppArmorProfile | undefined {
  const value = getOwn(metadata.annotations, `${appArmorAnnotation}${container}`);
  if (!value) return undefined;
  if (value === 'unconfined') return { type: 'Unconfined' };
  if (value === 'runtime/default') return { type: 'RuntimeDefault' };
  return { type: 'Localhost', localhostProfile: value.replace(/^localhost\//, '') };
}

export const maskedPaths = [
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
export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
