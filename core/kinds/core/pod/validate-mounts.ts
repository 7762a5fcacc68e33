// Validation of where a container has its volumes: mounts of files, and devices. Names of fields without an index are Kubernetes' own.

import type { V1Container, V1VolumeDevice, V1VolumeMount } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  required,
} from '../../../machinery/field-error.ts';
import type { ContainerRole, ContainerSurroundings } from './container-surroundings.ts';
import { localDescendingPath, noBacksteps } from './file-path.ts';

export function validateMounts(
  container: V1Container,
  role: ContainerRole,
  around: ContainerSurroundings,
  path: string,
): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const errors: FieldError[] = [];
  const places = new Set<string>();
  const deviceNames = new Set(volumeDevices.map(({ name }) => name));
  const devicePaths = new Set(volumeDevices.map(({ devicePath }) => devicePath));
  volumeMounts.forEach((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    errors.push(...validateMount(mount, around, at, `${path}.volumeMounts`));
    if (places.has(mount.mountPath)) errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    places.add(mount.mountPath);
    if (deviceNames.has(mount.name))
      errors.push(invalidValue(`${at}.name`, mount.name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(mount.mountPath))
      errors.push(
        invalidValue(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'),
      );
    if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged)
      errors.push(
        forbiddenField(
          `${path}.volumeMounts.mountPropagation`,
          'Bidirectional mount propagation is available only to privileged containers',
        ),
      );
    if (role === 'ephemeral')
      for (const field of ['subPath', 'subPathExpr'] as const)
        if (mount[field]) errors.push(forbiddenField(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
  });
  return [...errors, ...validateDevices(volumeDevices, volumeMounts, around, `${path}.volumeDevices`)];
}

function validateMount(mount: V1VolumeMount, around: ContainerSurroundings, at: string, list: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${at}.name`));
  else if (!around.volumes.has(mount.name)) errors.push(notFoundField(`${at}.name`, mount.name));
  if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
  if (mount.subPath) errors.push(...localDescendingPath(mount.subPath, `${list}.subPath`));
  if (mount.subPathExpr) {
    if (mount.subPath)
      errors.push(
        invalidValue(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
      );
    errors.push(...localDescendingPath(mount.subPathExpr, `${list}.subPathExpr`));
  }
  if (mount.recursiveReadOnly && mount.recursiveReadOnly !== 'Disabled') {
    if (!mount.readOnly)
      errors.push(forbiddenField(`${list}.recursiveReadOnly`, 'may only be specified when readOnly is true'));
    if (mount.mountPropagation && mount.mountPropagation !== 'None')
      errors.push(
        forbiddenField(
          `${list}.recursiveReadOnly`,
          'may only be specified when mountPropagation is None or not specified',
        ),
      );
  }
  return errors;
}

function validateDevices(
  devices: readonly V1VolumeDevice[],
  mounts: readonly V1VolumeMount[],
  around: ContainerSurroundings,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  const places = new Set<string>();
  return devices.flatMap(({ name, devicePath }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    else if (!around.volumes.has(name)) errors.push(notFoundField(`${at}.name`, name));
    else if (!around.claims.has(name))
      errors.push(
        invalidValue(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    if (name && names.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must be unique'));
    names.add(name);
    if (!devicePath) errors.push(required(`${at}.devicePath`));
    else if (noBacksteps(devicePath, at).length > 0)
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    if (places.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'));
    places.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeMounts'));
    if (mounts.some(({ mountPath }) => mountPath === devicePath))
      errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    return errors;
  });
}
