// What classes of storage say to their driver.

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';

const parameterBytes = 256 * 1024;

export function validateParameters(parameters: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(parameters)) {
    if (key === '') errors.push(invalidValue(path, key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > parameterBytes)
    errors.push({
      type: 'FieldValueTooLong',
      field: path,
      message: `Too long: may not be more than ${parameterBytes} bytes`,
    });
  return errors;
}

export const provisionerName = (name: string) => qualifiedNameErrors(name.toLowerCase());
