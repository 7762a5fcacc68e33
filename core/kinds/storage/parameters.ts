// What classes of storage say to their driver.

import { type FieldError, invalidValue, tooLong } from '../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';

const parameterBytes = 256 * 1024;
const mostParameters = 512;

export function validateParameters(parameters: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Object.keys(parameters).length > mostParameters) return [tooLong(path, mostParameters)];
  let size = 0;
  for (const [key, value] of Object.entries(parameters)) {
    if (key === '') errors.push(invalidValue(path, key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > parameterBytes) errors.push(tooLong(path, parameterBytes));
  return errors;
}

export const provisionerName = (name: string) => qualifiedNameErrors(name.toLowerCase());
