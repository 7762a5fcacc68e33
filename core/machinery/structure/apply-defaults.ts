// Fills in what a write left out, from the defaults of a schema. Source: structural schemas, "Defaulting".

import { deepClone } from '../equality.ts';
import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { isRecord } from './field-at.ts';

/** Changes `object` in place. Defaults inside an object apply only where that object is there or has a default itself. */
export function applyDefaults(schema: Schema, object: unknown): void {
  if (!hasDefaults(schema)) return;
  fill(schema, object);
}

/** Whether `applyDefaults` would change the object. */
export function lacksDefaults(schema: Schema, value: unknown): boolean {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items !== undefined && hasDefaults(items) && value.some((each) => lacksDefaults(items, each));
  }
  if (!isRecord(value)) return false;
  const builtIn = schema.model !== undefined;
  const zero = schema.zeroIsUnset === true;
  for (const [name, property] of defaultingProperties(schema)) {
    const field = getOwn(value, name);
    if (property.default !== undefined && isUnset(field, property, builtIn, zero)) return true;
    if (typeof field === 'object' && field !== null && lacksDefaults(property, field)) return true;
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object' || !hasDefaults(additionalProperties)) return false;
  return Object.keys(value).some(
    (name) => !getOwn(schema.properties, name) && lacksDefaults(additionalProperties, getOwn(value, name)),
  );
}

function fill(schema: Schema, value: unknown): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items && hasDefaults(items)) for (const each of value) fill(items, each);
    return;
  }
  if (!isRecord(value)) return;
  const builtIn = schema.model !== undefined;
  const zero = schema.zeroIsUnset === true;
  for (const [name, property] of defaultingProperties(schema)) {
    const field = getOwn(value, name);
    const isMissing = property.default !== undefined && isUnset(field, property, builtIn, zero);
    const now = isMissing ? deepClone(property.default) : field;
    if (isMissing) setOwn(value, name, now);
    if (typeof now === 'object' && now !== null) fill(property, now);
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object' && hasDefaults(additionalProperties)) {
    for (const name in value) if (!getOwn(schema.properties, name)) fill(additionalProperties, value[name]);
  }
}

/** An empty string of a built-in type is Go's zero value, which its defaulting takes for "not set"; so is 0 in a few models. */
function isUnset(field: unknown, { nullable }: Schema, builtIn: boolean, zero: boolean): boolean {
  if (field === undefined || (field === null && !nullable)) return true;
  return (builtIn && field === '') || (zero && field === 0);
}

const defaulting = new WeakMap<Schema, readonly (readonly [string, Schema])[]>();

/** The properties that have a default, or one below them. */
function defaultingProperties(schema: Schema): readonly (readonly [string, Schema])[] {
  const known = defaulting.get(schema);
  if (known) return known;
  const properties = Object.entries(schema.properties ?? {}).filter(
    ([, each]) => each.default !== undefined || hasDefaults(each),
  );
  defaulting.set(schema, properties);
  return properties;
}

const answers = new WeakMap<Schema, boolean>();

/** Whether anything below `schema` has a default: most of a pod's fields need not be looked at. */
export function hasDefaults(schema: Schema): boolean {
  const known = answers.get(schema);
  if (known !== undefined) return known;
  const visiting = new Set<Schema>();
  const found = search(schema, visiting);
  answers.set(schema, found);
  // Nothing found means that nothing below has one either; a find says nothing about the other branches.
  if (!found) for (const each of visiting) answers.set(each, false);
  return found;
}

function search(schema: Schema, visiting: Set<Schema>): boolean {
  if (visiting.has(schema)) return false;
  visiting.add(schema);
  for (const each of Object.values(schema.properties ?? {})) {
    if (each.default !== undefined || search(each, visiting)) return true;
  }
  if (schema.items && search(schema.items, visiting)) return true;
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' && search(additionalProperties, visiting);
}
