// What the structure of a field is for the merging of objects: a leaf, a map, or a list whose items have names.
// Source: KEP-555 and KEP-2906 (list types); what a schema does not describe is treated as upstream's deduced types.

import type { Json } from '../object.ts';
import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { keyElement, valueElement } from './fields-v1.ts';

export type Shape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'map'; readonly property: (name: string) => Schema; readonly isField: (name: string) => boolean }
  | {
      readonly kind: 'list';
      readonly items: Schema;
      readonly element: (item: unknown) => string;
      readonly keys: readonly string[];
    };

/** The shape of `value` under `schema`. Values that are not what the schema says are leaves. */
export function shapeOf(schema: Schema, value: unknown): Shape {
  if (typeof value !== 'object' || value === null) return leafShape;
  const shape = schemaShape(schema);
  if (Array.isArray(value)) return shape.kind === 'list' ? shape : leafShape;
  return shape.kind === 'map' ? shape : leafShape;
}

/** The shape that a schema gives to values of its type. Made once for each schema. */
export function schemaShape(schema: Schema): Shape {
  let shape = shapes.get(schema);
  if (!shape) {
    shape = makeShape(schema);
    shapes.set(schema, shape);
  }
  return shape;
}

/** Free-form content below `x-kubernetes-preserve-unknown-fields`: maps merge by key, lists are leaves. */
const deducedSchema: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

const atomicSchema: Schema = {};
const leafShape: Shape = { kind: 'leaf' };
const shapes = new WeakMap<Schema, Shape>();

function makeShape(schema: Schema): Shape {
  if (schema.type === 'array' || schema.items) return listShape(schema);
  if (schema['x-kubernetes-map-type'] === 'atomic') return leafShape;
  const { properties, additionalProperties } = schema;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  if (!properties && !additionalProperties && !preserves && !embedded) return leafShape;
  const others =
    typeof additionalProperties === 'object'
      ? additionalProperties
      : preserves || embedded
        ? deducedSchema
        : atomicSchema;
  const isField = (name: string) => properties !== undefined && Object.hasOwn(properties, name);
  return { kind: 'map', isField, property: (name) => getOwn(properties, name) ?? others };
}

function listShape(schema: Schema): Shape {
  const items = schema.items ?? atomicSchema;
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { kind: 'list', items: atomicSchema, keys: [], element: (item) => valueElement(item as Json) }; // objects are JSON
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return { kind: 'list', items, keys, element: (item) => elementOfItem(item, keys, items) };
    }
    default:
      return leafShape;
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
