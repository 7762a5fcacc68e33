// Access modes and sizes of volumes and of claims to them.

import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { parseQuantity, quantityError } from '../../../machinery/quantity.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function validateAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  if (!modes?.length) return [required(path, 'at least 1 access mode is required')];
  const errors = modes
    .filter((each) => !accessModes.includes(each))
    .map((each) => notSupported(path, each, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

export function validateStorage(size: string | undefined, path: string, parent: string): FieldError[] {
  if (size === undefined) return [required(parent)];
  const wrong = quantityError(size);
  if (wrong) return [invalidValue(path, size, wrong)];
  return parseQuantity(size).nanos <= 0n ? [invalidValue(path, size, 'must be greater than zero')] : [];
}
