// Validation of the files that a volume is made of: keys of ConfigMaps and Secrets, and fields of the pod, each with its path and mode.

import type { V1DownwardAPIVolumeFile, V1KeyToPath } from '../../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../../machinery/field-error.ts';
import { localNonReservedPath } from '../file-path.ts';
import { validateFieldPath, validateResourceField } from '../validate-env.ts';

/** `path` is that of the list's owner, without an index, as Kubernetes has it. */
export function validateDownward(item: V1DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!item.path) errors.push(required(`${path}.path`));
  else errors.push(...localNonReservedPath(item.path, `${path}.path`));
  const { fieldRef, resourceFieldRef } = item;
  if (fieldRef) {
    errors.push(...validateFieldPath(fieldRef.fieldPath, volumeFieldPaths, `${path}.fieldRef`));
    if (resourceFieldRef)
      errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (resourceFieldRef)
    errors.push(...validateResourceField(resourceFieldRef, true, `${path}.resourceFieldRef`));
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(item.mode, `${path}.mode`)];
}

export function validateItems(items: readonly V1KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}[${index}]`;
    const errors = validateMode(item.mode, `${at}.mode`);
    if (!item.key) errors.push(required(`${at}.key`));
    if (!item.path) errors.push(required(`${at}.path`));
    else errors.push(...localNonReservedPath(item.path, `${at}.path`));
    return errors;
  });
}

export function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

const volumeFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
