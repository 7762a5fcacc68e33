// Validation of a pod's volumes: one source each, with what that source needs.

import type { V1KeyToPath, V1ProjectedVolumeSource, V1Volume } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { validateFieldPath, validateLocalPath } from './validate-container.ts';
import { validateAmount } from './validate-resources.ts';

const volumeFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

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
  const { emptyDir, hostPath, secret, configMap, persistentVolumeClaim, projected, downwardAPI, ephemeral, nfs } =
    volume;
  if (emptyDir?.sizeLimit) errors.push(...validateAmount(emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`));
  if (hostPath) {
    if (!hostPath.path) errors.push(required(`${path}.hostPath.path`));
    else if (hostPath.path.split('/').includes('..'))
      errors.push(invalidValue(`${path}.hostPath.path`, hostPath.path, "must not contain '..'"));
  }
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
  if (nfs) {
    if (!nfs.server) errors.push(required(`${path}.nfs.server`));
    if (!nfs.path) errors.push(required(`${path}.nfs.path`));
  }
  downwardAPI?.items?.forEach((item, index) => {
    errors.push(...validateDownward(item, `${path}.downwardAPI.items[${index}]`));
  });
  if (projected) errors.push(...validateProjected(projected, `${path}.projected`));
  if (ephemeral && !ephemeral.volumeClaimTemplate) errors.push(required(`${path}.ephemeral.volumeClaimTemplate`));
  return errors;
}

function validateProjected(projected: V1ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  projected.sources?.forEach((source, index) => {
    const at = `${path}.sources[${index}]`;
    const kinds = Object.keys(source);
    if (kinds.length === 0) errors.push(required(at, 'must specify a projected volume source'));
    for (const extra of kinds.slice(1))
      errors.push(forbiddenField(`${at}.${extra}`, 'may not specify more than 1 volume type'));
    if (source.secret && !source.secret.name) errors.push(required(`${at}.secret.name`));
    if (source.configMap && !source.configMap.name) errors.push(required(`${at}.configMap.name`));
    errors.push(
      ...validateItems(source.secret?.items, `${at}.secret.items`),
      ...validateItems(source.configMap?.items, `${at}.configMap.items`),
    );
    source.downwardAPI?.items?.forEach((item, each) => {
      errors.push(...validateDownward(item, `${at}.downwardAPI.items[${each}]`));
    });
    const token = source.serviceAccountToken;
    if (token) {
      const seconds = token.expirationSeconds;
      if (seconds !== undefined && seconds < 600)
        errors.push(
          invalidValue(
            `${at}.serviceAccountToken.expirationSeconds`,
            seconds,
            'may not specify a duration less than 10 minutes',
          ),
        );
      if (!token.path) errors.push(required(`${at}.serviceAccountToken.path`));
    }
  });
  return errors;
}

function validateDownward(
  item: {
    path?: string;
    mode?: number;
    fieldRef?: { fieldPath: string };
    resourceFieldRef?: { resource: string; containerName?: string };
  },
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!item.path) errors.push(required(`${path}.path`));
  else errors.push(...validateLocalPath(item.path, `${path}.path`));
  if (item.fieldRef && item.resourceFieldRef)
    errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  else if (item.fieldRef)
    errors.push(...validateFieldPath(item.fieldRef.fieldPath, volumeFieldPaths, `${path}.fieldRef.fieldPath`));
  else if (item.resourceFieldRef) {
    if (!item.resourceFieldRef.containerName) errors.push(required(`${path}.resourceFieldRef.containerName`));
    if (!item.resourceFieldRef.resource) errors.push(required(`${path}.resourceFieldRef.resource`));
  } else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(item.mode, `${path}.mode`)];
}

function validateItems(items: readonly V1KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}[${index}]`;
    const errors = validateMode(item.mode, `${at}.mode`);
    if (!item.key) errors.push(required(`${at}.key`));
    if (!item.path) errors.push(required(`${at}.path`));
    else errors.push(...validateLocalPath(item.path, `${at}.path`));
    return errors;
  });
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}
