// Validation of counts and seconds: zero or more.

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import type { Int64 } from '../../machinery/object.ts';

export function nonNegative(value: Int64 | undefined, path: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
}
