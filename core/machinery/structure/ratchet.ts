// What an update did not change stays allowed, also where the schema has become stricter since. Source: KEP-4008.

import { deepEqual } from '../equality.ts';
import type { FieldError } from '../field-error.ts';
import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { itemKey } from './correlate.ts';
import { isRecord } from './field-at.ts';

/** The errors of `value` that its change from `old` brought. */
export function ratchet(errors: readonly FieldError[], schema: Schema, value: unknown, old: unknown): FieldError[] {
  if (errors.length === 0) return [];
  const unchanged: string[] = [];
  collect(schema, value, old, '', unchanged);
  return errors.filter(
    ({ field, type, place = field }) =>
      type === 'FieldValueDuplicate' || !unchanged.some((path) => isWithin(place, path)),
  );
}

function isWithin(field: string, path: string): boolean {
  return field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`);
}

/** Paths of the largest parts that are as they were. */
function collect(schema: Schema, value: unknown, old: unknown, path: string, paths: string[]): void {
  if (old === undefined) return;
  if (path !== '' && deepEqual(value, old)) {
    paths.push(path);
    return;
  }
  if (Array.isArray(value) && Array.isArray(old) && schema.items) {
    const before = new Map(old.map((each) => [itemKey(schema, each), each]));
    before.delete(undefined);
    for (const [index, each] of value.entries())
      collect(schema.items, each, before.get(itemKey(schema, each)), `${path}[${index}]`, paths);
  } else if (isRecord(value) && isRecord(old) && schema['x-kubernetes-map-type'] !== 'atomic') {
    for (const name in value) {
      const { properties, additionalProperties } = schema;
      const own = getOwn(properties, name);
      const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : {});
      if (Object.hasOwn(old, name))
        collect(next, value[name], getOwn(old, name), path ? `${path}.${name}` : name, paths);
    }
  }
}
