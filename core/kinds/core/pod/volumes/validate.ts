// Validation of a pod's volumes and of PersistentVolumes: one source each, with what that source needs.

import type { V1PersistentVolumeSpec, V1Volume } from '../../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../machinery/field-error.ts';
import { dns1123Label } from '../../../../machinery/names.ts';
import { getOwn } from '../../../../machinery/own.ts';
import { sourcesOf, volumeType } from './volume-types.ts';

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
    const { name, ...sources } = volume;
    errors.push(...validateSources(sources, name, at));
  });
  return errors;
}

/** The fields of a PersistentVolume's spec that say what it is. */
export function persistentSources(spec: V1PersistentVolumeSpec): object {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => volumeType(field)?.persistent));
}

/** `sources` are the fields of the volume `name` that say what it is. */
export function validateSources(
  sources: object,
  name: string,
  path: string,
  form: 'inline' | 'persistent' = 'inline',
): FieldError[] {
  const fields = Object.keys(sources);
  if (fields.length === 0) return [required(path, 'must specify a volume type')];
  const errors = fields
    .slice(1)
    .map((field) => forbiddenField(`${path}.${field}`, 'may not specify more than 1 volume type'));
  for (const { name: field, type, source } of sourcesOf(sources)) {
    const at = `${path}.${field}`;
    for (const each of type.needs ?? []) if (isEmpty(getOwn(source, each))) errors.push(required(`${at}.${each}`));
    const place = { path: at, volume: path, name };
    errors.push(...(type.validate?.(source, place) ?? []), ...(type[form]?.validate?.(source, place) ?? []));
  }
  return errors;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
