// Steps down: fields, indices, and whether they are there. Source: CEL specification, "Field Selection"; cel-go's optional values, of
// which what is below one that is not there is not there either.

import { showKey } from '../values/show.ts';
import { typeName } from '../values/type-of.ts';
import {
  Failure,
  fail,
  ListValue,
  MapValue,
  noSuchOverload,
  Optional,
  StructValue,
  Uint,
  type Value,
} from '../values/values.ts';

export function field(value: Value, name: string): Value {
  if (value instanceof MapValue) return value.field(name) ?? fail(`no such key: ${name}`);
  if (value instanceof StructValue) return value.fields.get(name) ?? fail(`no such key: ${name}`);
  if (value instanceof Optional) return within(value, (inner) => findField(inner, name));
  return fail(noSuchOverload);
}

export function hasField(value: Value, name: string): Value {
  if (value instanceof Optional) return value.value === undefined ? false : hasField(value.value, name);
  const found = findField(value, name);
  // What is there and cannot be read is there.
  return found === undefined ? false : !(found instanceof Failure) || value instanceof MapValue || found;
}

export function optionalField(value: Value, name: string): Value {
  return optionally(value, (inner) => findField(inner, name));
}

export function optionalIndex(value: Value, key: Value): Value {
  return optionally(value, (inner) => findIndex(inner, key));
}

export function atIndex(value: Value, key: Value): Value {
  if (value instanceof Optional) return within(value, (inner) => findIndex(inner, key));
  const found = findIndex(value, key);
  if (found !== undefined) return found;
  return value instanceof ListValue
    ? fail(`index out of bounds: ${showKey(key)}`)
    : fail(`no such key: ${showKey(key)}`);
}

function findField(value: Value, name: string): Value | undefined {
  if (value instanceof MapValue) return value.field(name);
  if (value instanceof StructValue) return value.fields.get(name);
  return fail(noSuchOverload);
}

function findIndex(value: Value, key: Value): Value | undefined {
  if (value instanceof MapValue) return value.find(key);
  if (value instanceof ListValue) {
    const index = key instanceof Uint ? key.value : key;
    if (typeof index === 'number' ? !Number.isInteger(index) : typeof index !== 'bigint')
      return fail(`unsupported index type '${typeName(key)}' in list`);
    const at = Number(index);
    return at >= 0 && at < value.size ? value.at(at) : undefined;
  }
  if (value instanceof StructValue && typeof key === 'string') return value.fields.get(key);
  return fail(noSuchOverload);
}

/** What is in an optional, and a step down from it. */
function within({ value }: Optional, step: (inner: Value) => Value | undefined): Value {
  if (value === undefined) return Optional.none;
  const found = step(value);
  if (found === undefined) return Optional.none;
  return found instanceof Failure ? found : new Optional(found);
}

function optionally(value: Value, step: (inner: Value) => Value | undefined): Value {
  return within(value instanceof Optional ? value : new Optional(value), step);
}
