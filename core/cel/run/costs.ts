// What calls cost while an expression runs, in cel-go's units: `ceil` where it rounds up, names and overloads where it goes by them.
// Source: cel-go, runtime costs; k8s.io/apiserver's cost estimator; cel-go's lists and sets.

import { ListValue, lengthOf, MapValue, OpaqueValue, type Value } from '../values/values.ts';

/** `limit`: counting may end above it. */
export type CallCost = (args: readonly Value[], limit: number) => number;

/** How much of a unit a character of a text is that is gone through, and one of a regular expression. */
export const traversal = 0.1;
export const regexLength = 0.25;
export const listCost = 10;
export const mapCost = 30;
export const structCost = 40;

function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string') return lengthOf(value);
  if (value instanceof ListValue || value instanceof MapValue || value instanceof OpaqueValue) return value.size;
  return value instanceof Uint8Array ? value.length : 1;
}

const traversed: CallCost = ([of]) => Math.ceil(sizeOf(of) * traversal);
const twice: CallCost = ([of]) => Math.ceil(sizeOf(of) * 2 * traversal);
const unit: CallCost = () => 1;
const expression: CallCost = ([text, pattern]) =>
  Math.ceil((1 + sizeOf(text)) * traversal) * Math.ceil(sizeOf(pattern) * regexLength);
const smaller: CallCost = ([a, b]) => Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * traversal);
const joined: CallCost = ([a, b]) => Math.ceil((sizeOf(a) + sizeOf(b)) * traversal);
const deep: CallCost = ([of], limit) => traversalCost(of, limit);
const selector: CallCost = ([, text]) => {
  const size = sizeOf(text);
  return listCost + Math.ceil(size * traversal) + Math.ceil(Math.ceil(size * 0.5) * (listCost + structCost));
};
const within: CallCost = ([cidr]) => Math.ceil(sizeOf(cidr) * 2 * traversal);
const masked: CallCost = ([cidr]) => Math.ceil(sizeOf(cidr) * 2 * traversal) + Math.ceil(sizeOf(cidr) * traversal) + 1;
const parsed = (of: CallCost): CallCost => {
  return (args, limit) => of(args, limit) + Math.ceil(sizeOf(args[1]) * traversal);
};
const compares: CallCost = ([a]) => selfCompared(a);
const sets =
  (factor: number): CallCost =>
  ([a, b]) =>
    1 + Math.floor(sizeOf(a) * sizeOf(b) * factor);

/** By name, for all overloads of a function. */
const byName: ReadonlyMap<string, CallCost> = new Map([
  ['check', () => 350_000],
  ...['fieldSelector', 'labelSelector'].map((name) => [name, selector] as const),
  ...['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'].map((name) => [name, deep] as const),
  ...['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey'].map(
    (name) => [name, traversed] as const,
  ),
  ...['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'].map(
    (name) => [name, traversed] as const,
  ),
  ...['replace', 'split', 'ip.isCanonical'].map((name) => [name, twice] as const),
  ...['find', 'findAll'].map((name) => [name, expression] as const),
  ['join', ([of, separator]: readonly Value[]) => Math.ceil(joinedSize(of, separator) * 2 * traversal)],
]);

const byOverload: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ['cidr_ip', unit],
  ['ip_string', traversed], // `string(ip)` is called by another name
  ['cidr_contains_ip_ip', within],
  ['cidr_contains_ip_string', parsed(within)],
  ['cidr_contains_cidr', masked],
  ['cidr_contains_cidr_string', parsed(masked)],
  ...['starts_with_string', 'ends_with_string'].map(
    (id) => [id, ([, part]: readonly Value[]) => Math.ceil(sizeOf(part) * traversal)] as const,
  ),
  ...['string_to_bytes', 'bytes_to_string', 'strings_quote', 'string_format'].map((id) => [id, traversed] as const),
  ['in_list', ([, list]) => sizeOf(list)],
  ...['equals', 'not_equals'].map((id) => [id, smaller] as const),
  ...['less', 'greater', 'less_equals', 'greater_equals'].flatMap((name) => [
    [`${name}_string`, smaller] as const,
    [`${name}_bytes`, smaller] as const,
  ]),
  ...['add_string', 'add_bytes'].map((id) => [id, joined] as const),
  ['matches', expression],
  ['matches_string', expression],
  ['contains_string', ([a, b]) => Math.ceil(sizeOf(a) * traversal) * Math.ceil(sizeOf(b) * traversal)],
  ['list_slice', ([, start, end]) => listCost + 1 + Math.max(0, Number(end) - Number(start))],
  ['lists_range', ([count]) => listCost + 1 + Math.max(0, Number(count))],
  ['list_reverse', ([of]) => listCost + 1 + sizeOf(of)],
  ['list_flatten', ([of]) => listCost + 1 + sizeOf(of)],
  ['list_flatten_int', ([of, depth]) => listCost + 1 + sizeOf(of) * Math.max(0, Number(depth))],
  ['list_distinct', compares],
  ['list_sets_contains_list', sets(1)],
  ['list_sets_intersects_list', sets(1)],
  ['list_sets_equivalent_list', sets(2)],
  [
    'format-validate',
    ([format, text]) => Math.ceil((1 + sizeOf(text)) * traversal) * Math.ceil(sizeOf(format) * regexLength),
  ],
]);

/** `overload`: empty where the checker could not tell which one it will be; undefined: the call costs one. */
export function callCost(name: string, overload: string): CallCost | undefined {
  const known = byOverload.get(overload) ?? byName.get(name);
  if (known) return known;
  if (overload.endsWith('_sortByAssociatedKeys')) return ([, keys]) => selfCompared(keys);
  return overload.endsWith('_sort') ? compares : undefined;
}

function selfCompared(of: Value | undefined): number {
  const size = sizeOf(of);
  const first = of instanceof ListValue && size > 0 ? of.at(0) : undefined;
  const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + traversal : 2;
  return listCost + 1 + Math.floor(size * size * factor);
}

function joinedSize(of: Value | undefined, separator: Value | undefined): number {
  if (!(of instanceof ListValue)) return 1;
  let size = separator === undefined ? 0 : sizeOf(separator) * Math.max(0, of.size - 1);
  for (const each of of.items) size += sizeOf(each);
  return size;
}

/** Of a whole tree of values. */
function traversalCost(value: Value | undefined, limit: number): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * traversal);
  if (value instanceof Uint8Array) return Math.floor(value.length * traversal);
  if (value instanceof ListValue) {
    let cost = 0;
    // Empty texts cost nothing, and are many nevertheless.
    const { size } = value;
    for (let index = 0; index < size && cost <= limit; index += 1) cost += traversalCost(value.at(index), limit - cost);
    return cost;
  }
  if (!(value instanceof MapValue)) return 1;
  let cost = 0;
  for (const key of value.keys()) {
    cost += traversalCost(key, limit - cost) + traversalCost(value.find(key), limit - cost);
    if (cost > limit) break;
  }
  return cost;
}
