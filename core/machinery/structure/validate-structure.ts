// Checks a value against its schema: types, enums, list types, and OpenAPI's keywords. The texts are Kubernetes' own.
// Source: structural schemas; KEP-2906 (list types); RFC 3339 and the formats of OpenAPI v3.

import { deepEqual } from '../equality.ts';
import { duplicate, type FieldError, invalidValue, noField, notSupported, required, tooMany } from '../field-error.ts';
import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { typeError } from './custom-types.ts';
import { isRecord } from './field-at.ts';
import { isDecodable, notDecodable, withoutIndexes } from './go-types.ts';
import { checkDecodedString, checkNumber, checkString } from './validate-scalars.ts';

/**
 * All errors of `value`, which stands at `path` (empty for a whole object). A wrong type is a FieldValueTypeInvalid.
 * `required` is checked in custom resources only: a built-in field that is absent has Go's zero value, and its kind's own
 * validation says whether that will do.
 */
export function validateStructure(schema: Schema, value: unknown, path = ''): FieldError[] {
  const found: Found = { errors: [], repeated: [] };
  check(schema, value, path, found, undefined);
  return found.repeated.length > 0 ? [...found.errors, ...found.repeated] : found.errors;
}

interface Found {
  readonly errors: FieldError[];
  /** What lists have twice is told after all else. */
  readonly repeated: FieldError[];
}

/** `model`: the built-in model that the field belongs to. */
function check(schema: Schema, value: unknown, path: string, found: Found, model: string | undefined): void {
  if (model === undefined) checkCustom(schema, value, path, found);
  else checkDecoded(schema, value, path, found, model);
}

function checkDecoded(schema: Schema, value: unknown, path: string, found: Found, model: string): void {
  const { errors } = found;
  if (value === null && (schema.nullable || isFree(schema))) return;
  if (!isDecodable(schema, value)) {
    errors.push(notDecodable(schema, value, path, model));
    return;
  }
  checkChoice(schema, value, path, errors);
  if (typeof value === 'string') checkDecodedString(schema, value, path, errors);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, path, errors);
  else if (Array.isArray(value)) checkArray(schema, value, path, found, model);
  else if (isRecord(value)) checkObject(schema, value, path, found, model);
}

/** In kube-openapi's order: a value of a wrong type is judged as what it is. */
function checkCustom(schema: Schema, value: unknown, path: string, found: Found): void {
  const { errors } = found;
  const wrong = value === null && isFree(schema) ? undefined : typeError(schema, value, path);
  if (wrong) errors.push(wrong);
  if (value !== null && (schema.allOf || schema.anyOf || schema.oneOf || schema.not))
    checkCombinations(schema, value, path, errors);
  if (typeof value === 'string') checkString(schema, value, path, errors);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, path, errors);
  else if (Array.isArray(value)) checkArray(schema, value, path, found, undefined);
  checkChoice(schema, value, path, errors);
  if (isRecord(value)) checkObject(schema, value, path, found, undefined);
}

function checkChoice(schema: Schema, value: unknown, path: string, errors: FieldError[]): void {
  // null is no choice, whatever the list says. Kubernetes shows it as this text.
  if (schema.enum && (value === null || !schema.enum.some((each) => deepEqual(each, value))))
    errors.push(notSupported(path, value ?? 'null', schema.enum.map(shownChoice)));
}

function shownChoice(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isFree(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true && schema.type === undefined;
}

function checkObject(
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  found: Found,
  within: string | undefined,
): void {
  const { errors } = found;
  const { properties, additionalProperties, minProperties, maxProperties } = schema;
  const model = schema.model ?? within;
  if (minProperties !== undefined || maxProperties !== undefined) {
    const count = Object.keys(value).length;
    if (minProperties !== undefined && count < minProperties) {
      errors.push(tooFew(path, count, `should have at least ${minProperties} properties`));
      return;
    }
    if (maxProperties !== undefined && count > maxProperties) {
      errors.push(tooMany(path, count, maxProperties));
      return;
    }
  }
  for (const name in value) {
    const own = getOwn(properties, name);
    const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (!next) continue;
    const field = value[name];
    if (field === null && schema.go?.nil.has(name)) continue;
    // An unset enum of a built-in type arrives as "" from clients that write every field.
    if (field === '' && model !== undefined && next.enum) continue;
    const before = errors.length;
    check(next, field, join(path, name), found, model);
    if (own === undefined && model !== undefined && errors.length > before) leaveOutKey(errors, before, path, name);
  }
  if (schema.required && model === undefined)
    for (const name of schema.required) if (getOwn(value, name) === undefined) errors.push(required(join(path, name)));
}

/** Go names the fields of structs, and no keys of maps. */
function leaveOutKey(errors: FieldError[], from: number, path: string, key: string): void {
  const field = withoutIndexes(path);
  for (const error of errors.slice(from)) error.message = error.message.replace(`.${field}.${key}`, () => `.${field}`);
}

function checkArray(
  schema: Schema,
  value: readonly unknown[],
  path: string,
  found: Found,
  model: string | undefined,
): void {
  const { items, minItems, maxItems } = schema;
  // Built-in kinds have rules of their own for what may repeat (two ports with one number, for a start).
  if (model === undefined && value.length > 1) {
    if (schema['x-kubernetes-list-type'] === 'map') checkKeys(schema, value, path, found.repeated);
    else if (schema['x-kubernetes-list-type'] === 'set') checkUnique(value, path, (each) => each, found.repeated);
  }
  if (items && !isPlain(items, value)) {
    for (let index = 0; index < value.length; index += 1) check(items, value[index], `${path}[${index}]`, found, model);
  }
  if (minItems !== undefined && value.length < minItems)
    found.errors.push(tooFew(path, value.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) found.errors.push(tooMany(path, value.length, maxItems));
}

/** Strings without a rule need no path each. */
function isPlain(items: Schema, value: readonly unknown[]): boolean {
  if (items.type !== 'string' || items.enum || items.format || items.pattern) return false;
  if (items.minLength !== undefined || items.maxLength !== undefined) return false;
  return !items.allOf && !items.anyOf && !items.oneOf && !items.not && value.every((each) => typeof each === 'string');
}

function checkKeys(schema: Schema, value: readonly unknown[], path: string, errors: FieldError[]): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const odd = value.findIndex((each) => each !== null && !isRecord(each));
  if (odd >= 0) {
    errors.push(invalidValue(`${path}[${odd}]`, value[odd], 'must be an object for an array of list-type map'));
    return;
  }
  const keyOf = (each: unknown) => {
    const item = isRecord(each) ? each : {};
    const set = keys.filter((key) => getOwn(item, key) !== undefined);
    return Object.fromEntries(set.map((key) => [key, getOwn(item, key)]));
  };
  checkUnique(value, path, keyOf, errors);
}

/** The second of what is the same is told, and no third. */
function checkUnique(
  value: readonly unknown[],
  path: string,
  keyOf: (each: unknown) => unknown,
  errors: FieldError[],
): void {
  const times = new Map<string, number>();
  for (const [index, each] of value.entries()) {
    const key = keyOf(each);
    const text = canonical(key);
    const before = times.get(text) ?? 0;
    if (before === 1) errors.push(duplicate(`${path}[${index}]`, key));
    times.set(text, before + 1);
  }
}

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    isRecord(each) && !JSON.isRawJSON(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** Of branches none of which passes, what is wrong with the nearest is told, too. */
function checkCombinations(schema: Schema, value: unknown, path: string, errors: FieldError[]): void {
  const { allOf, anyOf, oneOf, not } = schema;
  const tried = (each: Schema) => validateStructure(each, value, path);
  const fail = (detail: string) =>
    errors.push({ ...invalidValue(noField, '', `${JSON.stringify(path)} ${detail}`), place: path });
  if (anyOf) {
    const failures = anyOf.map(tried);
    if (failures.every(({ length }) => length > 0)) {
      fail('must validate at least one schema (anyOf)');
      errors.push(...nearest(anyOf, value, failures));
    }
  }
  if (oneOf) {
    const failures = oneOf.map(tried);
    const count = failures.filter(({ length }) => length === 0).length;
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
    if (count !== 1) fail(`must validate one and only one schema (oneOf). ${found}`);
    if (count === 0) errors.push(...nearest(oneOf, value, failures));
  }
  if (allOf) {
    const failures = allOf.map(tried);
    errors.push(...failures.flat());
    const count = failures.filter(({ length }) => length === 0).length;
    if (count < allOf.length) fail(`must validate all the schemas (allOf)${count === 0 ? '. None validated' : ''}`);
  }
  if (not && tried(not).length === 0) fail('must not validate the schema (not)');
}

/** The errors of the branch that looks at most of the value, the first of several. */
function nearest(branches: readonly Schema[], value: unknown, failures: readonly FieldError[][]): FieldError[] {
  let best = 0;
  const counts = branches.map((each) => lookedAt(each, value));
  for (const [index, count] of counts.entries()) if (count > (counts[best] ?? 0)) best = index;
  return failures[best] ?? [];
}

/** How many checks a schema makes of a value: as kube-openapi counts them, as far as it decides between branches. */
function lookedAt(schema: Schema, value: unknown): number {
  let count = schema.type || schema.format ? 2 : 1;
  for (const each of schema.allOf ?? []) count += lookedAt(each, value);
  if (Array.isArray(value)) {
    if (schema.items) for (const each of value) count += lookedAt(schema.items, each);
  } else if (isRecord(value)) {
    for (const name in value) {
      const next = getOwn(schema.properties, name) ?? schema.additionalProperties;
      if (typeof next === 'object') count += lookedAt(next, value[name]);
    }
  }
  return count;
}

function tooFew(path: string, size: number, detail: string): FieldError {
  return invalidValue(path, size, `${path} in body ${detail}`);
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
