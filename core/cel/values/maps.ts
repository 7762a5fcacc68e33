// Maps. Numbers are the same key whatever their type. Source: CEL specification, "Map Indexing".

import { MapValue, Uint, type Value } from './values.ts';

/** What a key is found by; undefined where no key can be equal to it. */
export type KeyOf = string | boolean | bigint;

export function keyOf(value: Value): KeyOf | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : undefined;
    default:
      return value instanceof Uint ? value.value : undefined;
  }
}

/** A map literal, and what loops make. */
export class PlainMap extends MapValue {
  private readonly entries: Map<KeyOf, readonly [Value, Value]>;
  constructor(entries: Map<KeyOf, readonly [Value, Value]>) {
    super();
    this.entries = entries;
  }
  get size(): number {
    return this.entries.size;
  }
  find(key: Value): Value | undefined {
    const known = keyOf(key);
    return known === undefined ? undefined : this.entries.get(known)?.[1];
  }
  field(name: string): Value | undefined {
    return this.entries.get(name)?.[1];
  }
  *keys(): Iterable<Value> {
    for (const [key] of this.entries.values()) yield key;
  }
  /** Only for one that nobody else has seen yet. False: the key is there. */
  insert(key: Value, value: Value): boolean {
    const known = keyOf(key);
    if (known === undefined || this.entries.has(known)) return false;
    this.entries.set(known, [key, value]);
    return true;
  }
}
