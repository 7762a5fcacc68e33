// Samples of which one list or map is as long, or one text as large, as a request may carry it.

import { getOwn } from '../../core/machinery/own.ts';
import type { Schema } from '../../core/machinery/schema.ts';

export type Json = { [field: string]: unknown };

/** The way to a field: `[]` for the item of a list, `*` for the value of a map. */
export type Way = readonly string[];

export interface LargeField {
  readonly way: Way;
  readonly schema: Schema;
}

/** Of a body: a little below what ends it (60,000 values, 3 MB). */
const values = 58_000;
const bytes = 2_900_000;
const deepest = 14;

/** Every list, map and text that the schema leads to, each model's fields once below each field of the object's own. */
export function largeFieldsOf(root: Schema): LargeField[] {
  const found: LargeField[] = [];
  const visit = (schema: Schema, way: Way, seen: Set<string>, above: ReadonlySet<string>) => {
    const { model, properties = {} } = schema;
    if (way.length > deepest || (model && above.has(model))) return;
    const below = model ? new Set([...above, model]) : above;
    for (const [name, next] of Object.entries(properties)) {
      if (way.length === 0 && (name === 'kind' || name === 'apiVersion')) continue;
      if (way.length === 1 && way[0] === 'metadata' && name === 'managedFields') continue;
      const key = `${model ?? way.join('.')}.${name}`;
      const again = seen.has(key);
      seen.add(key);
      step(next, [...way, name], way.length === 0 ? new Set() : seen, below, again);
    }
  };
  const step = (schema: Schema, way: Way, seen: Set<string>, above: ReadonlySet<string>, again: boolean) => {
    const { type, items, additionalProperties } = schema;
    if (!again && (type === 'array' || type === 'string' || additionalProperties)) found.push({ way, schema });
    if (again) return;
    if (items) step(items, [...way, '[]'], seen, above, items.type === 'string');
    else if (typeof additionalProperties === 'object')
      step(additionalProperties, [...way, '*'], seen, above, additionalProperties.type === 'string');
    else visit(schema, way, seen, above);
  };
  visit(root, [], new Set(), new Set());
  return found;
}

/** What stands for a value of this schema, other for each index; as little as it may be. */
function small(schema: Schema, index: number, name = ''): unknown {
  const { type, properties = {}, required = [], format, items } = schema;
  if (schema.enum?.length) return schema.enum[index % schema.enum.length];
  if (type === 'object' || schema.properties) {
    const fields = new Set(required);
    for (const known of ['name', 'key', 'operator', 'path']) if (properties[known]) fields.add(known);
    return Object.fromEntries([...fields].map((each) => [each, small(properties[each] ?? {}, index, each)]));
  }
  if (type === 'array') return items ? [small(items, index)] : [];
  if (type === 'integer' || type === 'number') return (index % 60_000) + 1;
  if (type === 'boolean') return true;
  if (format === 'quantity') return `${index + 1}`;
  if (format === 'date-time') return '2026-01-02T03:04:05Z';
  if (name === 'operator') return 'Exists';
  if (/path$/i.test(name)) return `/p${index}`;
  return `n${index}`;
}

/** `text`: what a text is made of. */
export function large({ schema }: LargeField, text: string, distinct: boolean): unknown {
  const { type, items, additionalProperties } = schema;
  const sizes = (one: unknown) =>
    Math.min(Math.floor(values / valuesIn(one)), Math.floor(bytes / (JSON.stringify(one).length + 8)));
  if (type === 'array') {
    const item = items ?? {};
    return Array.from({ length: sizes(small(item, 59_999)) }, (_, i) => small(item, distinct ? i : 0));
  }
  if (additionalProperties) {
    const item = typeof additionalProperties === 'object' ? additionalProperties : {};
    return Object.fromEntries(Array.from({ length: sizes(small(item, 59_999)) }, (_, i) => [`k${i}`, small(item, i)]));
  }
  return text.repeat(1_000_000 / text.length);
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + valuesIn(each), 1);
}

/** The object with `value` at the end of the way, on which what is missing is made. */
export function withLarge(object: Json, root: Schema, way: Way, value: unknown): Json {
  const copy = structuredClone(object);
  put(copy, root, way, value);
  return copy;
}

function put(at: Json, schema: Schema, [name = '', ...rest]: Way, value: unknown): void {
  const next = getOwn(schema.properties ?? {}, name) ?? {};
  at[name] = place(at[name], next, rest, value);
}

function place(there: unknown, schema: Schema, rest: Way, value: unknown): unknown {
  const [name, ...more] = rest;
  if (name === undefined) return value;
  if (name === '[]') {
    const list: unknown[] = Array.isArray(there) && there.length > 0 ? there : [small(schema.items ?? {}, 0)];
    return [place(list[0], schema.items ?? {}, more, value), ...list.slice(1)];
  }
  if (name === '*') {
    const map = schema.additionalProperties;
    const item = typeof map === 'object' ? map : {};
    return { k: place(small(item, 0), item, more, value) };
  }
  // as: the schema says that it is an object.
  const object = (typeof there === 'object' && there !== null ? there : small(schema, 0)) as Json;
  put(object, schema, rest, value);
  return object;
}
