// A JSON value in the types that CEL has. Source: KEP-2876, "Type checking": which schema gives which CEL type.

import { Optional } from '@marcbachmann/cel-js';
import type { Schema } from '../api/schema.ts';

/** A value for a run, with the size of its largest part. */
export interface CelInput {
  readonly value: unknown;
  readonly largest: number;
}

/**
 * Whole numbers become `int`, others `double`; where the schema says `number`, all become `double`, and its times become
 * timestamps. Convert an object once, and run all of its rules on that.
 */
export function celInput(json: unknown, schema?: Schema): CelInput {
  const size = { largest: 0 };
  return { value: convert(json, schema, size), largest: size.largest };
}

/** `optional.of(input)`, or `optional.none()`. */
export function celOptional(input: CelInput | undefined): CelInput {
  return input ? { value: Optional.of(input.value), largest: input.largest } : { value: Optional.none(), largest: 0 };
}

/** What no name of a field may be in CEL. */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** The name under which an expression reads a property; undefined for what it cannot reach. */
export function celName(property: string): string | undefined {
  if (reserved.has(property)) return `__${property}__`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(property)) return property.replaceAll('__', '__underscores__');
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(property)) return undefined;
  return property
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

function convert(json: unknown, schema: Schema | undefined, size: { largest: number }): unknown {
  if (typeof json === 'number') return Number.isSafeInteger(json) && schema?.type !== 'number' ? BigInt(json) : json;
  if (typeof json === 'string') {
    if (schema?.format === 'date-time' && !Number.isNaN(Date.parse(json))) return new Date(json);
    size.largest = Math.max(size.largest, splitSize(json));
    return json;
  }
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) {
    size.largest = Math.max(size.largest, json.length);
    return json.map((each) => convert(each, schema?.items, size));
  }
  const entries = Object.entries(json);
  size.largest = Math.max(size.largest, entries.length);
  const additional = schema?.additionalProperties;
  // A Map has no inherited fields, whatever its keys are called.
  return new Map(
    entries.map(([key, value]) => {
      const known = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      const name = known ? (celName(key) ?? key) : key;
      return [name, convert(value, known ?? (typeof additional === 'object' ? additional : undefined), size)];
    }),
  );
}

/** A text may be split into a list; long ones count by words, since few are split by characters. */
function splitSize(text: string): number {
  return text.length <= 256 ? text.length : Math.max(256, Math.ceil(text.length / 8));
}
