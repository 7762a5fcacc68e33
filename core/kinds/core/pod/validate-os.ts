// What a pod may say for the system of its node: Windows has no IDs of users, and Linux no options of Windows.

import type { V1Container, V1PodSpec } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';

const systems = ['linux', 'windows'];

export function validateSystem(spec: V1PodSpec, path: string): FieldError[] {
  const errors = validateHostProcess(spec, path);
  if (!spec.os) return errors;
  const { name } = spec.os;
  if (!name) return [...errors, required(`${path}.os.name`, 'cannot be empty')];
  if (!systems.includes(name)) return [...errors, notSupported(`${path}.os`, name, systems)];
  return [...errors, ...(name === 'linux' ? validateLinux(spec, path) : validateWindows(spec, path))];
}

const ofPod = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const ofPodSecurity = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls'] as const),
  ...(['runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const),
] as const;
const ofContainerSecurity = [
  ...(['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem'] as const),
  ...(['privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const),
] as const;

function validateWindows(spec: V1PodSpec, path: string): FieldError[] {
  const none = (at: string) => forbiddenField(at, 'cannot be set for a windows pod');
  return [
    ...ofPod
      .filter((field) => isSaid(spec[field], field === 'hostUsers' || field === 'shareProcessNamespace'))
      .map((field) => none(`${path}.${field}`)),
    ...ofPodSecurity
      .filter((field) => isSaid(spec.securityContext?.[field], true))
      .map((field) => none(`${path}.securityContext.${field}`)),
    ...visit(spec, path).flatMap(([{ securityContext }, at]) =>
      ofContainerSecurity
        .filter((field) => securityContext?.[field] !== undefined)
        .map((field) => none(`${at}.securityContext.${field}`)),
    ),
  ];
}

/** `falseToo`: a false value says something. */
function isSaid(value: unknown, falseToo: boolean): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return falseToo ? value !== undefined : Boolean(value);
}

function validateLinux(spec: V1PodSpec, path: string): FieldError[] {
  const contexts = [
    [spec.securityContext, path] as const,
    ...visit(spec, path).map(([{ securityContext }, at]) => [securityContext, at] as const),
  ];
  return contexts
    .filter(([context]) => context?.windowsOptions)
    .map(([, at]) =>
      forbiddenField(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'),
    );
}

/** Containers that run in their node's own namespaces: all of a pod, or none. */
function validateHostProcess(spec: V1PodSpec, path: string): FieldError[] {
  // Of all pods but a few nothing more is looked at.
  if (!namesWindowsOptions(spec)) return [];
  const ofAll = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = visit(spec, path);
  const errors: FieldError[] = [];
  let count = 0;
  for (const [{ securityContext }, at] of containers) {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && ofAll !== undefined && own !== ofAll)
      errors.push(
        invalidValue(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofAll}`,
        ),
      );
    if (own ?? ofAll) count++;
  }
  if (count === 0) return errors;
  if (count < containers.length)
    errors.push(
      invalidValue(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    );
  if (!spec.hostNetwork)
    errors.push(
      invalidValue(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'),
    );
  return errors;
}

function namesWindowsOptions({ securityContext, initContainers, containers, ephemeralContainers }: V1PodSpec): boolean {
  if (securityContext?.windowsOptions) return true;
  for (const list of [containers, initContainers, ephemeralContainers])
    for (const each of list ?? []) if (each.securityContext?.windowsOptions) return true;
  return false;
}

/** All containers with their paths, in the order in which Kubernetes tells of them. */
function visit(spec: V1PodSpec, path: string): (readonly [V1Container, string])[] {
  // An ephemeral container has the fields of a container.
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => [container as V1Container, `${path}.${list}[${index}]`] as const),
  );
}
