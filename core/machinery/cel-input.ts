// A JSON value in the types that CEL has. Source: KEP-2876, "Type checking": which schema gives which CEL type.

import { Optional } from '@marcbachmann/cel-js';
import { celName, celProperty, reservedInCel } from './cel-name.ts';
import { integerOf } from './json.ts';
import type { Json } from './object.ts';
import { getOwn } from './own.ts';
import type { Schema } from './schema.ts';

/** A value for a run. */
export interface CelInput {
  readonly value: unknown;
}

/**
 * Whole numbers become `int`, others `double`; where the schema says `number`, all become `double`, and its times become
 * timestamps. Convert an object once, and run all of its rules on that.
 */
export function celInput(json: unknown, schema?: Schema): CelInput {
  return { value: convert(json, schema) };
}

/** `optional.of(input)`, or `optional.none()`. */
export function celOptional(input: CelInput | undefined): CelInput {
  return { value: input ? Optional.of(input.value) : Optional.none() };
}

/** A result as JSON: what an expression made of values and literals. Undefined for what JSON has no form for. */
export function celOutput(value: unknown): Json | undefined {
  if (typeof value === 'bigint') return integerOf(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((each) => celOutput(each) ?? null);
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value instanceof Optional) return value.hasValue() ? celOutput(value.value()) : undefined;
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (!entries) return undefined;
  const fields: [string, Json][] = [];
  for (const [key, each] of entries) {
    const json = celOutput(each);
    if (json !== undefined) fields.push([celProperty(String(key)), json]);
  }
  return Object.fromEntries(fields);
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

function convert(json: unknown, schema: Schema | undefined): unknown {
  if (typeof json === 'number') return Number.isSafeInteger(json) && schema?.type !== 'number' ? BigInt(json) : json;
  if (typeof json === 'bigint') return schema?.type === 'number' ? Number(json) : json;
  if (typeof json === 'string') {
    if (schema?.format === 'date-time' && !Number.isNaN(Date.parse(json))) return new Date(json);
    return json;
  }
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => convert(each, schema?.items));
  const entries = Object.entries(json);
  const additional = schema?.additionalProperties;
  // A Map has no inherited fields, whatever its keys are called.
  const result = new Map<string, unknown>();
  for (const [key, value] of entries) {
    const known = getOwn(schema?.properties, key);
    const converted = convert(value, known ?? (typeof additional === 'object' ? additional : undefined));
    result.set(known ? (celName(key) ?? key) : key, converted);
    // Words such as `namespace` may be read by their own name too: no field is called like that otherwise.
    if (known && reservedInCel.has(key)) result.set(key, converted);
  }
  return result;
}
