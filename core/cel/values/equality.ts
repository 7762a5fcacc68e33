// What is equal, and what comes first. Source: CEL specification, "Equality", "Ordering": values of types that cannot be compared are not
// equal, and numbers are compared whatever their type.

import {
  CostExceeded,
  Duration,
  ListValue,
  MapValue,
  OpaqueValue,
  Optional,
  StructValue,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts';

/** Parts of values that one run may compare. A value may be a part of another in two places, again and again. */
const mostCompared = 10_000_000;
let compared = 0;

/** To be called when a run starts. */
export function resetComparisons(): void {
  compared = 0;
}

function countCompared(parts: number): void {
  compared += parts + 1;
  if (compared > mostCompared) throw new CostExceeded();
}

export function equals(a: Value, b: Value): boolean {
  if (a === b) return typeof a !== 'number' || !Number.isNaN(a);
  switch (typeof a) {
    case 'string':
    case 'boolean':
      return false;
    case 'bigint':
    case 'number':
      return compareNumbers(a, b) === 0;
  }
  if (a === null || b === null) return false;
  if (a instanceof Uint) return compareNumbers(a, b) === 0;
  if (a instanceof ListValue) return b instanceof ListValue && sameLists(a, b);
  if (a instanceof MapValue) return b instanceof MapValue && sameMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.seconds === b.seconds && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    return a.value === undefined || b.value === undefined ? a.value === b.value : equals(a.value, b.value);
  }
  if (a instanceof StructValue) return b instanceof StructValue && sameStructs(a, b);
  if (a instanceof OpaqueValue) return b instanceof OpaqueValue && a.type.name === b.type.name && a.equals(b);
  return false;
}

function sameLists(a: ListValue, b: ListValue): boolean {
  if (a.size !== b.size) return false;
  countCompared(a.size);
  const own = a.equals(b, equals);
  if (own !== undefined) return own;
  for (let index = 0; index < a.size; index += 1) if (!equals(a.at(index), b.at(index))) return false;
  return true;
}

function sameMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  countCompared(a.size);
  for (const key of a.keys()) {
    const [left, right] = [a.find(key), b.find(key)];
    if (left === undefined || right === undefined || !equals(left, right)) return false;
  }
  return true;
}

function sameStructs(a: StructValue, b: StructValue): boolean {
  if (a.name !== b.name || a.fields.size !== b.fields.size) return false;
  countCompared(a.fields.size);
  for (const [name, value] of a.fields) {
    const other = b.fields.get(name);
    if (other === undefined || !equals(value, other)) return false;
  }
  return true;
}

/** Negative, 0 or positive; NaN where one is NaN, undefined where there is no order between them. */
export function compare(a: Value, b: Value): number | undefined {
  if (typeof a === 'string') return typeof b === 'string' ? compareTexts(a, b) : undefined;
  if (typeof a === 'bigint' || typeof a === 'number' || a instanceof Uint) return compareNumbers(a, b);
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Timestamp) return b instanceof Timestamp ? a.seconds - b.seconds || a.nanos - b.nanos : undefined;
  if (a instanceof Duration) return b instanceof Duration ? order(a.nanos, b.nanos) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : undefined;
  return undefined;
}

function compareNumbers(a: bigint | number | Uint, b: Value): number | undefined {
  const left = a instanceof Uint ? a.value : a;
  const right = b instanceof Uint ? b.value : b;
  if (typeof right === 'bigint') return typeof left === 'bigint' ? order(left, right) : order(left, Number(right));
  // As doubles where one of them is: cel-go compares them so, and loses digits of large ones.
  return typeof right === 'number' ? order(Number(left), right) : undefined;
}

function order(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN;
}

/** In the order of code points, which is that of UTF-8's bytes: only surrogates come elsewhere in UTF-16. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left === right) continue;
    const [leftHigh, rightHigh] = [isSurrogate(left), isSurrogate(right)];
    return leftHigh === rightHigh ? left - right : leftHigh ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
