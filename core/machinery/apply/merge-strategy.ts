// What the structure of a field is for the merging of objects: a leaf, a map, or a list whose items have names.
// Source: KEP-555 and KEP-2906 (list types); what a schema does not describe is treated as upstream's deduced types.

import type { Json } from '../object.ts';
import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { keyElement, valueElement } from './fields-v1.ts';

export type MergeStrategy =
  | { readonly kind: 'leaf' }
  | {
      readonly kind: 'map';
      readonly field: (name: string) => MapField;
      /** That of `field`, where nothing else of it is asked for. */
      readonly schemaOf: (name: string) => Schema;
    }
  | {
      readonly kind: 'list';
      readonly items: Schema;
      readonly element: (item: unknown) => string;
      readonly keys: readonly string[];
    };

/** What stands under a name of a map. */
export interface MapField {
  readonly schema: Schema;
  /** Named by the map's schema; else it is an entry of a map, or unknown. */
  readonly isProperty: boolean;
  /** It in a set of fields: `f:name`. */
  readonly element: string;
}

/** The strategy of `value` under `schema`. Values that are not what the schema says are leaves. */
export function strategyOf(schema: Schema, value: unknown): MergeStrategy {
  if (typeof value !== 'object' || value === null) return leafStrategy;
  const strategy = schemaStrategy(schema);
  if (Array.isArray(value)) return strategy.kind === 'list' ? strategy : leafStrategy;
  return strategy.kind === 'map' ? strategy : leafStrategy;
}

/** The strategy that a schema gives to values of its type. Made once for each schema. */
export function schemaStrategy(schema: Schema): MergeStrategy {
  let strategy = strategies.get(schema);
  if (!strategy) {
    strategy = makeStrategy(schema);
    strategies.set(schema, strategy);
  }
  return strategy;
}

/** Free-form content below `x-kubernetes-preserve-unknown-fields`: maps merge by key, lists are leaves, null is a value. */
const deducedSchema: Schema = { 'x-kubernetes-preserve-unknown-fields': true, nullable: true };

const atomicSchema: Schema = {};
const leafStrategy: MergeStrategy = { kind: 'leaf' };
const strategies = new WeakMap<Schema, MergeStrategy>();

function makeStrategy(schema: Schema): MergeStrategy {
  if (schema.type === 'array' || schema.items) return listStrategy(schema);
  if (schema['x-kubernetes-map-type'] === 'atomic') return leafStrategy;
  const { properties, additionalProperties } = schema;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  if (!properties && !additionalProperties && !preserves && !embedded) return leafStrategy;
  const others =
    typeof additionalProperties === 'object'
      ? additionalProperties
      : preserves || embedded
        ? deducedSchema
        : atomicSchema;
  // Kept, since the name of an element costs as much to make as all else that is done with a field.
  const known = new Map<string, MapField>();
  const field = (name: string) => {
    const found = known.get(name);
    if (found) return found;
    const own = getOwn(properties, name);
    const made = { schema: own ?? others, isProperty: own !== undefined, element: `f:${name}` };
    if (own) known.set(name, made);
    return made;
  };
  return { kind: 'map', field, schemaOf: (name) => getOwn(properties, name) ?? others };
}

function listStrategy(schema: Schema): MergeStrategy {
  const items = schema.items ?? atomicSchema;
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { kind: 'list', items: atomicSchema, keys: [], element: (item) => valueElement(item as Json) }; // objects are JSON
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return { kind: 'list', items, keys, element: (item) => elementOfItem(item, keys, items) };
    }
    default:
      return leafStrategy;
  }
}

function elementOfItem(item: unknown, keys: readonly string[], items: Schema): string {
  const record = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, Json | undefined>>; // JSON
  // The common case, one string key, without the sorting that the general form needs.
  if (keys.length === 1) {
    const value = getOwn(record, keys[0]!);
    if (typeof value === 'string') return `k:{${JSON.stringify(keys[0])}:${JSON.stringify(value)}}`;
  }
  const key: Record<string, Json> = {};
  for (const name of keys) {
    const value = getOwn(record, name) ?? getOwn(items.properties, name)?.default;
    if (value !== undefined) setOwn(key, name, value);
  }
  return keyElement(key);
}
