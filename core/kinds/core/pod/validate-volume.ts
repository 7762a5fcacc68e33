// Validation of a pod's volumes: one source each, with what that source needs.

import type { V1Volume } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { localDescendingPath, noBacksteps } from './file-path.ts';
import { validateProjected } from './validate-projected.ts';
import { validateRemoteVolume } from './validate-remote-volume.ts';
import { validateAmount } from './validate-resources.ts';
import { validateDownward, validateItems, validateMode } from './validate-volume-file.ts';

export function validateVolumes(volumes: readonly V1Volume[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  volumes.forEach((volume, index) => {
    const at = `${path}[${index}]`;
    if (!volume.name) errors.push(required(`${at}.name`));
    else {
      for (const message of dns1123Label(volume.name)) errors.push(invalidValue(`${at}.name`, volume.name, message));
      if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
      names.add(volume.name);
    }
    errors.push(...validateSource(volume, at));
  });
  return errors;
}

function validateSource(volume: V1Volume, path: string): FieldError[] {
  const { name: _, ...sources } = volume;
  const kinds = Object.keys(sources);
  if (kinds.length === 0) return [required(path, 'must specify a volume type')];
  const errors = kinds
    .slice(1)
    .map((kind) => forbiddenField(`${path}.${kind}`, 'may not specify more than 1 volume type'));
  const { emptyDir, hostPath, secret, configMap, persistentVolumeClaim, projected, downwardAPI, ephemeral, gitRepo } =
    volume;
  if (emptyDir?.sizeLimit) errors.push(...validateAmount(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`));
  if (hostPath) errors.push(...validateHostPath(hostPath.path, `${path}.hostPath.path`));
  if (secret) {
    if (!secret.secretName) errors.push(required(`${path}.secret.secretName`));
    errors.push(
      ...validateMode(secret.defaultMode, `${path}.secret.defaultMode`),
      ...validateItems(secret.items, `${path}.secret.items`),
    );
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${path}.configMap.name`));
    errors.push(
      ...validateMode(configMap.defaultMode, `${path}.configMap.defaultMode`),
      ...validateItems(configMap.items, `${path}.configMap.items`),
    );
  }
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName)
    errors.push(required(`${path}.persistentVolumeClaim.claimName`));
  if (downwardAPI) {
    errors.push(...validateMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`));
    for (const item of downwardAPI.items ?? []) errors.push(...validateDownward(item, `${path}.downwardAPI`));
  }
  if (projected) errors.push(...validateProjected(projected, `${path}.projected`));
  if (ephemeral && !ephemeral.volumeClaimTemplate) errors.push(required(`${path}.ephemeral.volumeClaimTemplate`));
  if (gitRepo) {
    if (!gitRepo.repository) errors.push(required(`${path}.gitRepo.repository`));
    errors.push(...localDescendingPath(gitRepo.directory ?? '', `${path}.gitRepo.directory`));
  }
  return [...errors, ...validateRemoteVolume(volume, volume.name, path)];
}

/** A directory of the node, in a pod or as a PersistentVolume. */
export function validateHostPath(file: string | undefined, path: string): FieldError[] {
  return file ? noBacksteps(file, path) : [required(path)];
}
