// Values of expressions as JSON.

import { integerOf } from '../../machinery/json.ts';
import type { Json } from '../../machinery/object.ts';
import { setOwn } from '../../machinery/own.ts';
import { formatDuration, formatTimestamp } from '../values/times.ts';
import {
  CostExceeded,
  Duration,
  ListValue,
  MapValue,
  Optional,
  StructValue,
  Timestamp,
  Uint,
  type Value,
} from '../values/values.ts';

/** The most parts of a result: one value may stand in another twice, and that in a third ... */
const mostParts = 1_000_000;

/** Undefined for what JSON has no form for. Throws CostExceeded where it has too many parts. */
export function celOutput(value: Value): Json | undefined {
  return new Writer().json(value);
}

class Writer {
  private parts = 0;

  json(value: Value): Json | undefined {
    this.parts += 1;
    if (this.parts > mostParts) throw new CostExceeded();
    if (typeof value === 'bigint') return integerOf(value);
    if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (value instanceof Uint) return integerOf(value.value);
    if (value instanceof ListValue) return value.items.map((each) => this.json(each) ?? null);
    if (value instanceof Timestamp) return formatTimestamp(value);
    if (value instanceof Duration) return formatDuration(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (value instanceof Optional) return value.value === undefined ? undefined : this.json(value.value);
    if (value instanceof StructValue) return this.object(value.fields);
    if (value instanceof MapValue) return this.object(entriesOf(value));
    return undefined;
  }

  private object(entries: Iterable<readonly [string, Value]>): Json {
    const object: Record<string, Json> = {};
    for (const [name, value] of entries) {
      const json = this.json(value);
      if (json !== undefined) setOwn(object, name, json);
    }
    return object;
  }
}

function* entriesOf(map: MapValue): Iterable<readonly [string, Value]> {
  for (const key of map.keys()) yield [typeof key === 'string' ? key : String(key), map.find(key) ?? null];
}
