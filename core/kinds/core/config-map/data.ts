// What ConfigMaps and Secrets have in common: how much data they hold, and that it may be frozen.

import type { V1ConfigMap, V1Secret } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';

export const maxSize = 1024 * 1024;

export function decodedSize(base64: string): number {
  return Math.floor((base64.length * 3) / 4);
}

export function frozen<T extends V1ConfigMap | V1Secret>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!old.immutable) return [];
  const errors: FieldError[] = [];
  if (!object.immutable) errors.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'));
  for (const field of fields) {
    if (!semanticEqual(getOwn(object, field), getOwn(old, field)))
      errors.push(forbiddenField(field, 'field is immutable when `immutable` is set'));
  }
  return errors;
}
