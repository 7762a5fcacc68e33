// Access modes and sizes of volumes and of claims to them.

import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { parseQuantity, quantityError } from '../../machinery/quantity.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** `why`: what is said where there are none. */
export function validateAccessModes(modes: readonly string[] | undefined, path: string, why = ''): FieldError[] {
  if (!modes?.length) return [required(path, why)];
  const known = modes.filter((each) => accessModes.includes(each));
  const errors = modes
    .filter((each) => !accessModes.includes(each))
    .map((each) => notSupported(path, each, accessModes));
  if (known.includes('ReadWriteOncePod') && known.some((each) => each !== 'ReadWriteOncePod'))
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

/** More than nothing. */
export function validateSize(size: string, path: string): FieldError[] {
  const wrong = quantityError(size);
  if (wrong) return [invalidValue(path, size, wrong)];
  return parseQuantity(size).nanos <= 0n ? [invalidValue(path, size, 'must be greater than zero')] : [];
}

export function validateCapacity(capacity: Readonly<Record<string, string>> = {}, path: string): FieldError[] {
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(path)] : [];
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(path, capacity, ['storage']));
  return [...errors, ...Object.entries(capacity).flatMap(([name, size]) => validateSize(size, `${path}[${name}]`))];
}
