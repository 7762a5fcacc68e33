// What Kubernetes' types take when they are decoded, and Go's words for what they do not take.
// Source: encoding/json (UnmarshalTypeError); k8s.io/apimachinery intstr and resource.Quantity.

import { type FieldError, typeInvalid } from '../field-error.ts';
import { isInteger } from '../json.ts';
import type { Schema } from '../schema.ts';
import { isRecord } from './field-at.ts';
import { isInt32 } from './validate-scalars.ts';

/** Whether a field of a built-in model can hold the value. */
export function isDecodable(schema: Schema, value: unknown): boolean {
  const { type, format } = schema;
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || isInt32(value);
  switch (type) {
    case undefined:
      return true;
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return format === 'int32' ? isInt32(value) : isInteger(value);
    case 'number':
      return isNumber(value);
    case 'string':
      return typeof value === 'string' || (format === 'quantity' && isNumber(value));
    default:
      return typeof value === type;
  }
}

/** `model`: whose field it is, such as `io.k8s.api.apps.v1.DeploymentSpec`. */
export function notDecodable(schema: Schema, value: unknown, path: string, model: string): FieldError {
  const field = withoutIndexes(path);
  return {
    ...typeInvalid(path, value, ''),
    message: unmarshalMessage(schema, valueName(schema, value), field, model),
  };
}

export function withoutIndexes(path: string): string {
  return path.replace(/\[\d+\]/g, '');
}

/** As encoding/json says it: the innermost struct, the path of the field, the type that it has in Go. */
export function unmarshalMessage(schema: Schema, value: string, field: string, model: string): string {
  return `json: cannot unmarshal ${value} into Go struct field ${lastOf(model)}.${field} of type ${goType(schema)}`;
}

function valueName({ type, 'x-kubernetes-int-or-string': intOrString }: Schema, value: unknown): string {
  if (isNumber(value)) return type === 'integer' || intOrString ? `number ${value}` : 'number';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goType(schema: Schema): string {
  const { type, format, model, items, additionalProperties } = schema;
  // The package is the last but one part of the name: `io.k8s.api.core.v1.PodSpec`.
  if (model !== undefined) return model.split('.').slice(-2).join('.');
  if (schema['x-kubernetes-int-or-string']) return 'int32';
  switch (type) {
    case 'integer':
      return format ?? 'int64';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goType(items ?? {})}`;
    case 'object':
      return `map[string]${goType(typeof additionalProperties === 'object' ? additionalProperties : {})}`;
    case 'string':
      return format === 'byte' ? '[]uint8' : 'string';
    default:
      return 'interface {}';
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function lastOf(model: string): string {
  return model.slice(model.lastIndexOf('.') + 1);
}
