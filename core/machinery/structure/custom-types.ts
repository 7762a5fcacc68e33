// Whether a value of a custom resource has its schema's type, and what is said of one that has not: of a format the size that its value has
// in Go. Source: kube-openapi's type validation, with the formats that Kubernetes 1.36 hands it.

import { type FieldError, typeInvalid } from '../field-error.ts';
import { isInteger } from '../json.ts';
import type { Schema } from '../schema.ts';
import { textFormats } from './late-text-formats.ts';

/** Undefined for a value of the right type. */
export function typeError(schema: Schema, value: unknown, path: string): FieldError | undefined {
  const either = schema['x-kubernetes-int-or-string'] === true;
  const { type } = schema;
  const format = schema.format === undefined || !textFormats().isKnownFormat(schema) ? '' : schema.format;
  if (value === null)
    return schema.nullable || !(type || either) ? undefined : wrong(path, either ? 'integer,string' : type, 'null');
  const is = typeName(value);
  const fits = either
    ? is === 'integer' || is === 'string'
    : type === is || (type === 'number' && is === 'integer') || (type === undefined && format === '');
  if (fits) return undefined;
  const listed = is === 'string' || is === 'array';
  if (format !== '' && listed && type !== 'integer' && type !== 'number') return undefined;
  if (format !== '' && !listed) return wrong(path, format, sizeOf(is));
  return wrong(path, either ? 'integer,string' : type, is);
}

function wrong(path: string, wanted: string | undefined, got: string): FieldError {
  return typeInvalid(path, got, `${path} in body must be of type ${wanted ?? ''}: ${JSON.stringify(got)}`);
}

type Is = 'array' | 'integer' | 'number' | 'string' | 'boolean' | 'object';

function typeName(value: unknown): Is {
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value as Is; // of JSON, and no null
}

/** Go's type of it. */
function sizeOf(is: Is): string {
  return is === 'integer' ? 'int64' : is === 'number' ? 'float64' : '';
}
