// Columns that a definition adds to what `kubectl get` shows.

import type { V1CustomResourceColumnDefinition } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';

const types = ['boolean', 'date', 'integer', 'number', 'string'];
const formats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function validateColumns(
  columns: readonly Partial<V1CustomResourceColumnDefinition>[] | undefined,
  path: string,
): FieldError[] {
  return (columns ?? []).flatMap(({ name, type, format, jsonPath }, index) => {
    const at = `${path}[${index}]`;
    const errors = name ? [] : [required(`${at}.name`)];
    const oneOf = (list: readonly string[]) => `must be one of ${list.join(',')}`;
    if (!type) errors.push(required(`${at}.type`, oneOf(types)));
    else if (!types.includes(type)) errors.push(invalidValue(`${at}.type`, type, oneOf(types)));
    if (format && !formats.includes(format)) errors.push(invalidValue(`${at}.format`, format, oneOf(formats)));
    if (!jsonPath) errors.push(required(`${at}.JSONPath`));
    else if (!jsonPath.startsWith('.'))
      errors.push(invalidValue(`${at}.JSONPath`, jsonPath, 'must be a simple json path starting with .'));
    return errors;
  });
}
