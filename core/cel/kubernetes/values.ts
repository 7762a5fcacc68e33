// JSON as values of expressions. What lies in an object is looked at when an expression reads it. Source: k8s.io/apiserver, values by schema:
// lists that are sets or maps are equal in any order, and a nullable field that is null is as absent as one that is not there.

import { getOwn } from '../../machinery/own.ts';
import type { Schema } from '../../machinery/schema.ts';
import { celName, celProperty } from '../names.ts';
import { parseDuration, parseTimestamp } from '../values/times.ts';
import { Duration, fail, ListValue, MapValue, Optional, type Value } from '../values/values.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** As it is, for expressions that know no schema: whole numbers are ints, others doubles. */
export function plainValue(json: unknown): Value {
  switch (typeof json) {
    case 'number':
      return Number.isSafeInteger(json) ? BigInt(json) : json;
    case 'string':
    case 'boolean':
    case 'bigint':
      return json;
    case 'object':
      if (json === null) return null;
      return Array.isArray(json) ? new JsonList(json, undefined) : new JsonMap(json as JsonObject, undefined); // as JSON has it
    default:
      return null;
  }
}

/** By a custom resource's schema, which the JSON was validated with. */
export function schemaValue(json: unknown, schema: Schema): Value {
  if (json === null || json === undefined)
    return schema.nullable ? null : fail('invalid data, got null for schema with nullable=false');
  if (schema['x-kubernetes-int-or-string'])
    return scalarOr(json, 'XIntOrString value to be either a string or integer');
  switch (schema.type) {
    case 'object':
      if (typeof json !== 'object' || Array.isArray(json))
        return fail('invalid data, expected a map for the provided schema with type=object');
      return new JsonMap(json as JsonObject, schema); // as was looked at
    case 'array':
      return Array.isArray(json)
        ? listOf(json, schema)
        : fail('invalid data, expected an array for the provided schema with type=array');
    case 'string':
      return typeof json === 'string'
        ? textOf(json, schema.format)
        : fail(`invalid data, expected string, got ${typeof json}`);
    case 'number':
      return typeof json === 'number' || typeof json === 'bigint'
        ? Number(json)
        : fail(`invalid data, expected float, got ${typeof json}`);
    case 'integer':
      return scalarOr(json, 'int');
    case 'boolean':
      return typeof json === 'boolean' ? json : fail(`invalid data, expected bool, got ${typeof json}`);
    default:
      return plainValue(json);
  }
}

function scalarOr(json: unknown, wanted: string): Value {
  if (typeof json === 'string' || typeof json === 'bigint') return json;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  return fail(`invalid data, expected ${wanted}`);
}

function textOf(text: string, format: string | undefined): Value {
  switch (format) {
    case 'duration':
      return openApiDuration(text) ?? fail(`Invalid duration ${text}: unable to parse ${text} as duration`);
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`) ?? fail(`Invalid date formatted string ${text}`);
    case 'date-time':
      return parseTimestamp(text.toUpperCase()) ?? fail(`Invalid date-time formatted string ${text}`);
    case 'byte':
      return Buffer.from(text, 'base64');
    default:
      return text;
  }
}

const longUnits = new Map([
  ...['ns', 'nano', 'nanos'].map((each) => [each, 1n] as const),
  ...['us', 'µs', 'micro', 'micros', 'microseconds'].map((each) => [each, 1_000n] as const),
  ...['ms', 'milli', 'millis', 'milliseconds'].map((each) => [each, 1_000_000n] as const),
  ...['s', 'sec', 'secs', 'second', 'seconds'].map((each) => [each, 1_000_000_000n] as const),
  ...['m', 'min', 'mins', 'minute', 'minutes'].map((each) => [each, 60_000_000_000n] as const),
  ...['h', 'hr', 'hour', 'hours'].map((each) => [each, 3_600_000_000_000n] as const),
  ...['d', 'day', 'days'].map((each) => [each, 86_400_000_000_000n] as const),
  ...['w', 'week', 'weeks'].map((each) => [each, 604_800_000_000_000n] as const),
]);

/** As the format of OpenAPI has it: Go's, or one number with a unit in words. */
function openApiDuration(text: string): Duration | undefined {
  const own = parseDuration(text);
  if (own) return own;
  const [, number = '', unit = ''] = /^\s*(\d{1,18})\s*([a-zµ]+)\s*$/.exec(text.toLowerCase()) ?? [];
  const nanos = longUnits.get(unit);
  return nanos === undefined ? undefined : new Duration(BigInt.asIntN(64, BigInt(number) * nanos));
}

class JsonMap extends MapValue {
  private readonly json: JsonObject;
  private readonly schema: Schema | undefined;
  /** Whether its names are written as expressions write them. */
  private readonly named: boolean;
  private readonly known = new Map<string, Value>();
  private names: readonly string[] | undefined;

  constructor(json: JsonObject, schema: Schema | undefined) {
    super();
    this.json = json;
    this.schema = schema;
    this.named = schema !== undefined && typeof schema.additionalProperties !== 'object';
  }

  get size(): number {
    this.names ??= Object.keys(this.json);
    return this.names.length;
  }

  find(key: Value): Value | undefined {
    return typeof key === 'string' ? this.field(key) : undefined;
  }

  field(name: string): Value | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const value = this.read(name);
    if (value !== undefined) this.known.set(name, value);
    return value;
  }

  private read(name: string): Value | undefined {
    const { schema, json } = this;
    const property = this.named ? celProperty(name) : name;
    if (!Object.hasOwn(json, property)) return undefined;
    const value = getOwn(json, property);
    if (!schema) return plainValue(value);
    if (!this.named) return schemaValue(value, schema.additionalProperties as Schema); // it is one, as `named` says
    const own = getOwn(schema.properties, property);
    if (!own)
      return property === 'apiVersion' || property === 'kind' || property === 'metadata'
        ? plainValue(value)
        : undefined;
    return value === null ? undefined : schemaValue(value, own);
  }

  *keys(): Iterable<Value> {
    for (const name of Object.keys(this.json)) yield this.named ? (celName(name) ?? name) : name;
  }
}

function listOf(json: readonly unknown[], schema: Schema): ListValue {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return new JsonSet(json, schema);
  return type === 'map' ? new JsonListMap(json, schema) : new JsonList(json, schema);
}

class JsonList extends ListValue {
  protected readonly json: readonly unknown[];
  protected readonly schema: Schema | undefined;
  private made: readonly Value[] | undefined;

  constructor(json: readonly unknown[], schema: Schema | undefined) {
    super();
    this.json = json;
    this.schema = schema;
  }
  get size(): number {
    return this.json.length;
  }
  at(index: number): Value {
    return this.items[index] as Value; // within the size
  }
  override get items(): readonly Value[] {
    const { items } = this.schema ?? {};
    this.made ??= this.json.map((each) => (items ? schemaValue(each, items) : plainValue(each)));
    return this.made;
  }
}

/** What tells an item of a set or a map from the others, as text. */
abstract class Keyed extends JsonList {
  /** The items of a sum, which are values already. */
  private readonly values: readonly Value[] | undefined;
  private byKey: ReadonlyMap<string, Value> | undefined;

  constructor(json: readonly unknown[], schema: Schema | undefined, values?: readonly Value[]) {
    super(json, schema);
    this.values = values;
  }
  override get size(): number {
    return this.values?.length ?? super.size;
  }
  override get items(): readonly Value[] {
    return this.values ?? super.items;
  }

  protected abstract key(item: Value): string | undefined;
  protected abstract merged(items: readonly Value[]): ListValue;

  private get keyed(): ReadonlyMap<string, Value> {
    this.byKey ??= new Map(this.items.map((each) => [this.key(each) ?? '', each] as const));
    return this.byKey;
  }

  override equals(other: ListValue, same: (a: Value, b: Value) => boolean): boolean | undefined {
    for (const each of other.items) {
      const key = this.key(each);
      const own = key === undefined ? undefined : this.keyed.get(key);
      if (own === undefined || !same(own, each)) return false;
    }
    return true;
  }

  /** What both have stands where it stood, as the other has it; what only the other has comes after. */
  override plus(other: ListValue): ListValue {
    const all = new Map(this.keyed);
    for (const each of other.items) all.set(this.key(each) ?? '', each);
    return this.merged([...all.values()]);
  }
}

class JsonSet extends Keyed {
  protected key(item: Value): string | undefined {
    return scalarKey(item);
  }
  protected merged(items: readonly Value[]): ListValue {
    return new JsonSet([], this.schema, items);
  }
}

class JsonListMap extends Keyed {
  protected key(item: Value): string | undefined {
    if (!(item instanceof MapValue)) return undefined;
    const names = this.schema?.['x-kubernetes-list-map-keys'] ?? [];
    return JSON.stringify(names.map((name) => scalarKey(item.field(celName(name) ?? name) ?? null) ?? null));
  }
  protected merged(items: readonly Value[]): ListValue {
    return new JsonListMap([], this.schema, items);
  }
}

function scalarKey(value: Value): string | undefined {
  if (typeof value === 'object' && value !== null) return undefined;
  return `${typeof value}:${String(value)}`;
}

/** `optional.of(value)`, or `optional.none()`. */
export function optionalOf(value: Value | undefined): Value {
  return value === undefined ? Optional.none : new Optional(value);
}

/** A map whose values are worked out when they are read; undefined where there is none. */
export function lazyMap(read: (name: string) => Value | undefined): Value {
  return new LazyMap(read);
}

/** The value of a variable that is not known yet. */
export function failure(message: string): Value {
  return fail(message);
}

class LazyMap extends MapValue {
  private readonly read: (name: string) => Value | undefined;
  constructor(read: (name: string) => Value | undefined) {
    super();
    this.read = read;
  }
  get size(): number {
    return 0;
  }
  find(key: Value): Value | undefined {
    return typeof key === 'string' ? this.read(key) : undefined;
  }
  field(name: string): Value | undefined {
    return this.read(name);
  }
  keys(): Iterable<Value> {
    return [];
  }
}
