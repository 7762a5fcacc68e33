// Values of expressions while they run. An int is a bigint, a double a number, so that neither loses a digit and each is told from the
// other. Errors are values as well: `a || b` goes on after one, and nothing is thrown for what an expression may do wrong.

import type { Type } from '../types/types.ts';

export type Value =
  | (null | boolean | bigint | number | string | Uint8Array | Uint | Timestamp | Duration)
  | (Optional | TypeValue | ListValue | MapValue | StructValue | OpaqueValue | Failure);

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Seconds since 1970, and nanoseconds after them. */
export class Timestamp {
  readonly seconds: number;
  readonly nanos: number;
  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

/** Go's time.Duration: nanoseconds of 64 bits. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Optional {
  static readonly none = new Optional(undefined);
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export abstract class ListValue {
  abstract readonly size: number;
  /** Within the size. */
  abstract at(index: number): Value;

  get items(): readonly Value[] {
    return Array.from({ length: this.size }, (_, index) => this.at(index));
  }

  /** This, and `other` after it: the `+` of lists. */
  plus(other: ListValue): ListValue {
    if (this.size === 0) return other;
    return other.size === 0 ? this : new Joined(this, other);
  }

  /** Where the order does not count, lists answer for themselves; undefined: item by item. */
  equals(_other: ListValue, _same: (a: Value, b: Value) => boolean): boolean | undefined {
    return undefined;
  }
}

/** Two lists that are joined are not copied: a rule may join for every item of a list, and it costs one. */
class Joined extends ListValue {
  readonly size: number;
  private readonly left: ListValue;
  private readonly right: ListValue;
  private all: readonly Value[] | undefined;
  constructor(left: ListValue, right: ListValue) {
    super();
    this.left = left;
    this.right = right;
    this.size = left.size + right.size;
    if (this.size > largestValue) throw new CostExceeded();
  }
  at(index: number): Value {
    if (this.all) return this.all[index] as Value; // within the size
    return index < this.left.size ? this.left.at(index) : this.right.at(index - this.left.size);
  }
  override get items(): readonly Value[] {
    this.all ??= [...this.left.items, ...this.right.items];
    return this.all;
  }
}

export abstract class MapValue {
  abstract readonly size: number;
  /** undefined: there is no such key. */
  abstract find(key: Value): Value | undefined;
  abstract keys(): Iterable<Value>;
  /** What a field of a checked name holds; maps of JSON find it without a key value. */
  abstract field(name: string): Value | undefined;
}

/** `Name{...}`. */
export class StructValue {
  readonly name: string;
  readonly fields: ReadonlyMap<string, Value>;
  constructor(name: string, fields: ReadonlyMap<string, Value>) {
    this.name = name;
    this.fields = fields;
  }
}

/** A value of a library's own type. */
export abstract class OpaqueValue {
  abstract readonly type: Type;
  abstract equals(other: OpaqueValue): boolean;
  /** As costs count it. */
  get size(): number {
    return 1;
  }
}

export class Failure {
  readonly message: string;
  /** Where in the expression; the first one that knows says it. */
  at: number | undefined;
  constructor(message: string) {
    this.message = message;
  }
}

/** Thrown, and never caught by an expression: it has cost too much. */
export class CostExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
    this.name = 'CostExceeded';
  }
}

export function fail(message: string): Failure {
  return new Failure(message);
}

export const noSuchOverload = 'no such overload';

/** The most characters or items of one value: what goes beyond would take a machine's memory before it costs too much. */
export const largestValue = 10_000_000;

export function intResult(value: bigint): Value {
  return BigInt.asIntN(64, value) === value ? value : fail('integer overflow');
}

export function uintResult(value: bigint): Value {
  return BigInt.asUintN(64, value) === value ? new Uint(value) : fail('unsigned integer overflow');
}

/** Characters as CEL counts them. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    if ((text.charCodeAt(index) & 0xfc00) !== 0xd800 || (text.charCodeAt(index + 1) & 0xfc00) !== 0xdc00) continue;
    length -= 1;
    index += 1;
  }
  return length;
}
