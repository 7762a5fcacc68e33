// Validation of a count that may be a percentage.

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { percentErrors } from '../../machinery/names.ts';

/** Of all that there are: no more than 100%. */
export function countOrPercent(value: number | string, path: string): FieldError[] {
  const errors = countOrAnyPercent(value, path);
  if (errors.length === 0 && typeof value === 'string' && Number(value.slice(0, -1)) > 100)
    errors.push(invalidValue(path, value, 'must not be greater than 100%'));
  return errors;
}

/** As it counts where none is compared with some: the number, of a percentage too, and none of other texts. */
export function amountOf(value: number | string): number {
  return typeof value === 'number' ? value : Number(/^[-+]?[0-9]+(?=%?$)/.exec(value)?.[0] ?? 0);
}

export function countOrAnyPercent(value: number | string, path: string): FieldError[] {
  if (typeof value === 'number')
    return value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
  return percentErrors(value).map((message) => invalidValue(path, value, message));
}
