// The rules for every file path of a pod's spec and of a volume, whichever field it is in. A node checks them again where it uses one.
// Source: Kubernetes' validation of PodSpec and PersistentVolumeSpec.

import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';

/** A path below something: relative, and without a way up. */
export function localDescendingPath(value: string, field: string): FieldError[] {
  const errors = noBacksteps(value, field);
  return value.startsWith('/') ? [invalidValue(field, value, 'must be a relative path'), ...errors] : errors;
}

/** As `localDescendingPath`, in a volume whose own entries begin with two dots. */
export function localNonReservedPath(value: string, field: string): FieldError[] {
  const errors = localDescendingPath(value, field);
  if (value.startsWith('..') && !value.startsWith('../'))
    errors.push(invalidValue(field, value, "must not start with '..'"));
  return errors;
}

export function noBacksteps(value: string, field: string): FieldError[] {
  return value.includes('..') && value.split('/').includes('..')
    ? [invalidValue(field, value, "must not contain '..'")]
    : [];
}

/**
 * No text of a pod may hold NUL: it ends up in a file's name, a command line, an environment or a configuration file, all of which
 * NUL ends. Kubernetes takes such a pod, which then never starts.
 */
export function withoutNul(value: unknown, field: string): FieldError[] {
  if (!holdsNul(value)) return [];
  if (typeof value === 'string') return [invalidValue(field, value, 'must not contain the character NUL')];
  if (Array.isArray(value)) return value.flatMap((each, index) => withoutNul(each, `${field}[${index}]`));
  return Object.entries(value ?? {}).flatMap(([key, each]) => [
    ...withoutNul(key, field),
    ...withoutNul(each, `${field}.${key}`),
  ]);
}

/** Asked before any field's name is put together: nearly no pod holds one. */
function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsNul);
  for (const key in value) {
    // as: a field of the object that is being walked.
    if (key.includes('\0') || holdsNul((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}
