// Readers of what others say: each takes an unknown value and gives a typed one within its limits, or throws a BadRequest that
// names the field.

import { getOwn } from './own.ts';
import { badRequest } from './status.ts';
import { parseTime } from './time.ts';

/** `field` is how the value is called in an error, such as `usage.pods[3].name`. */
export type Reader<T> = (value: unknown, field: string) => T;

export function text(maxLength: number, rule?: (value: string) => readonly string[]): Reader<string> {
  return (value, field) => {
    if (typeof value !== 'string') throw wrong(field, 'must be a string');
    if (value.length > maxLength) throw wrong(field, `may have at most ${maxLength} characters`);
    const [why] = rule?.(value) ?? [];
    if (why !== undefined) throw wrong(field, why);
    return value;
  };
}

/** The text without what is beyond `maxLength`. */
export function shortened(maxLength: number): Reader<string> {
  return (value, field) => {
    if (typeof value !== 'string') throw wrong(field, 'must be a string');
    // Not within a pair of surrogates: half of one has no UTF-8.
    return value.length > maxLength ? value.slice(0, maxLength).toWellFormed() : value;
  };
}

export function oneOf<T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, field) => {
    const found = allowed.find((each) => each === value);
    if (found === undefined) throw wrong(field, `must be one of ${allowed.join(', ')}`);
    return found;
  };
}

/** RFC 3339. */
export const time: Reader<string> = (value, field) => {
  if (typeof value !== 'string' || value.length > 40 || parseTime(value) === undefined)
    throw wrong(field, 'must be a time as of RFC 3339, such as 2026-01-02T03:04:05Z');
  return value;
};

/** Finite, and within the bounds. As a float: who needs 64 bits exactly reads something else. */
export function number(low: number, high: number): Reader<number> {
  return (value, field) => {
    const read = typeof value === 'bigint' ? Number(value) : value;
    if (typeof read !== 'number' || !(read >= low && read <= high))
      throw wrong(field, `must be a number from ${low} to ${high}`);
    return read;
  };
}

export const flag: Reader<boolean> = (value, field) => {
  if (typeof value !== 'boolean') throw wrong(field, 'must be true or false');
  return value;
};

export function list<T>(maxItems: number, item: Reader<T>): Reader<T[]> {
  return (value, field) => {
    const items = array(value, field, maxItems);
    return items.map((each, index) => item(each, `${field}[${index}]`));
  };
}

/** Of items that are read one by one, since each is answered for itself. */
export function rawList(maxItems: number): Reader<unknown[]> {
  return (value, field) => array(value, field, maxItems);
}

/** Names and short texts, as labels are. */
export function texts(maxEntries: number, maxLength: number): Reader<Record<string, string>> {
  const read = text(maxLength);
  return (value, field) => {
    const entries = Object.entries(object(value, field));
    if (entries.length > maxEntries) throw wrong(field, `may have at most ${maxEntries} entries`);
    return Object.fromEntries(
      entries.map(([key, each]) => [text(maxLength)(key, field), read(each, `${field}.${key}`)]),
    );
  };
}

/** The fields that are named, and no others. */
export function fields<T extends object>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const entries = Object.entries<Reader<unknown>>(readers);
  return (value, field) => {
    const from = object(value, field);
    const found = entries.flatMap(([name, reader]) => {
      const read = reader(getOwn(from, name), `${field}.${name}`);
      return read === undefined ? [] : [[name, read] as const];
    });
    // as: each of T's fields was read.
    return Object.fromEntries(found) as T;
  };
}

/** As Go reads it, null is absence. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, field) => (value === undefined || value === null ? undefined : reader(value, field));
}

export interface TreeLimits {
  readonly maxDepth: number;
  /** Objects, arrays and values in all. */
  readonly maxValues: number;
  /** Characters of all texts and names together. */
  readonly maxText: number;
}

/** An object of which only the size is known to be harmless: how deep, how much, and that its numbers are finite. */
export function tree(limits: TreeLimits): Reader<Record<string, unknown>> {
  return (value, field) => {
    const found = object(value, field);
    const why = treeFault(found, limits);
    if (why !== undefined) throw wrong(field, why);
    return found;
  };
}

/** What is wrong with a tree's size. Looks at no more of it than the limits allow, and does not recurse. */
export function treeFault(root: unknown, { maxDepth, maxValues, maxText }: TreeLimits): string | undefined {
  let level: unknown[] = [root];
  let values = 0;
  let length = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return `may be nested at most ${maxDepth} deep`;
    values += level.length;
    if (values > maxValues) return `may have at most ${maxValues} values`;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each === 'string') length += each.length;
      else if (typeof each === 'number' && !Number.isFinite(each)) return 'numbers must be finite';
      else if (Array.isArray(each)) {
        if (values + next.length + each.length > maxValues) return `may have at most ${maxValues} values`;
        for (const item of each) next.push(item);
      } else if (typeof each === 'object' && each !== null) {
        for (const [name, item] of Object.entries(each)) {
          if (name === '__proto__') return 'no field is called __proto__';
          length += name.length;
          next.push(item);
        }
      }
      if (length > maxText) return `its texts may have at most ${maxText} characters together`;
    }
    level = next;
  }
  return undefined;
}

function array(value: unknown, field: string, maxItems: number): unknown[] {
  if (!Array.isArray(value)) throw wrong(field, 'must be a list');
  if (value.length > maxItems) throw wrong(field, `may have at most ${maxItems} items`);
  return value;
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, 'must be an object');
  // as: an object's fields, each still unknown.
  return value as Record<string, unknown>;
}

function wrong(field: string, why: string) {
  return badRequest(`${field}: ${why}`);
}
