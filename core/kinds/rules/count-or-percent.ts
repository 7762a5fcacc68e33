// Validation of a count that may be a percentage.

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { percentErrors } from '../../machinery/names.ts';

export function countOrPercent(value: number | string, path: string): FieldError[] {
  if (typeof value === 'number')
    return value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
  const errors = percentErrors(value).map((message) => invalidValue(path, value, message));
  if (errors.length === 0 && Number(value.slice(0, -1)) > 100)
    errors.push(invalidValue(path, value, 'must not be greater than 100%'));
  return errors;
}
