// Lists and sets. Source: Kubernetes' CEL library "lists"; cel-go's lists (version 3), sets, two-variable comprehensions.

import { declared, global, type Library, member, type Overload } from '../check/environment.ts';
import * as t from '../types/types.ts';
import { compare, equals } from '../values/equality.ts';
import { PlainList } from '../values/lists.ts';
import { durationOf } from '../values/times.ts';
import { typeName } from '../values/type-of.ts';
import {
  CostExceeded,
  Duration,
  Failure,
  fail,
  intResult,
  ListValue,
  largestValue,
  noSuchOverload,
  Uint,
  uintResult,
  type Value,
} from '../values/values.ts';

const item = t.param('T');
const list = t.list(item);
const { int, bool } = t;

const comparable = [t.int, t.uint, t.double, t.bool, t.duration, t.timestamp, t.string, t.bytes] as const;

/** One overload for each type that can be ordered, by cel-go's names of them; what is there at run time is looked at then. */
function ofComparable(id: (type: string) => string, result: (type: t.Type) => t.Type, run: (of: ListValue) => Value) {
  return comparable.map((type) => member(id(shortName(type)), [t.list(type)], result(type), run));
}

function shortName({ kind }: t.Type): string {
  return kind;
}

const additions: ReadonlyMap<string, (a: never, b: never) => Value> = new Map<string, (a: never, b: never) => Value>([
  ['int', (a: bigint, b: bigint) => intResult(a + b)],
  ['uint', (a: Uint, b: Uint) => uintResult(a.value + b.value)],
  ['double', (a: number, b: number) => a + b],
  ['google.protobuf.Duration', (a: Duration, b: Duration) => durationOf(a.nanos + b.nanos)],
]);

function sums(): Overload[] {
  const zeros = [
    [t.int, 0n],
    [t.uint, new Uint(0n)],
    [t.double, 0],
    [t.duration, new Duration(0n)],
  ] as const;
  return zeros.map(([type, zero]) =>
    member(`list_${type.kind}_sum_${type.kind}`, [t.list(type)], type, (of: ListValue) => sum(of, zero)),
  );
}

/** `zero`: of an empty list. */
function sum(of: ListValue, zero: Value): Value {
  let total: Value | undefined;
  for (const each of of.items) {
    const type = typeName(each);
    const add = additions.get(type);
    if (!add || (total !== undefined && typeName(total) !== type)) return fail(noSuchOverload);
    total = total === undefined ? each : add(total as never, each as never); // of that type, both
    if (total instanceof Failure) return total;
  }
  return total ?? zero;
}

function extreme(name: string, isBetter: (order: number) => boolean) {
  return (of: ListValue): Value => {
    let best: Value | undefined;
    for (const each of of.items) {
      if (best === undefined) {
        best = each;
        continue;
      }
      const order = compare(each, best);
      if (order === undefined) return fail(noSuchOverload);
      if (isBetter(order)) best = each;
    }
    return best ?? fail(`${name} called on empty list`);
  };
}

function isSorted(of: ListValue): Value {
  const { items } = of;
  for (let index = 1; index < items.length; index += 1) {
    const order = compare(items[index - 1] as Value, items[index] as Value); // within the length
    if (order === undefined) return fail(noSuchOverload);
    if (order > 0) return false;
  }
  return true;
}

function indexOf(of: ListValue, wanted: Value): Value {
  for (let index = 0; index < of.size; index += 1) if (equals(of.at(index), wanted)) return BigInt(index);
  return -1n;
}

function lastIndexOf(of: ListValue, wanted: Value): Value {
  for (let index = of.size - 1; index >= 0; index -= 1) if (equals(of.at(index), wanted)) return BigInt(index);
  return -1n;
}

function slice(of: ListValue, start: bigint, end: bigint): Value {
  const what = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) return fail(`${what}, negative indexes not supported`);
  if (start > end) return fail(`${what}, start index must be less than or equal to end index`);
  if (BigInt(of.size) < end) return fail(`${what}, list is length ${of.size}`);
  return new PlainList(of.items.slice(Number(start), Number(end)));
}

function flatten(of: ListValue, depth: bigint): Value {
  if (depth < 0n) return fail('level must be non-negative');
  const flat: Value[] = [];
  const add = (each: ListValue, left: bigint): void => {
    for (const value of each.items) {
      if (value instanceof ListValue && left > 0n) add(value, left - 1n);
      else flat.push(value);
      if (flat.length > largestValue) throw new CostExceeded();
    }
  };
  add(of, depth);
  return new PlainList(flat);
}

function sortedBy(of: ListValue, keys: ListValue): Value {
  if (of.size !== keys.size)
    return fail(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${of.size} and ${keys.size} elements respectively`,
    );
  if (of.size === 0) return of;
  const { items } = keys;
  const type = typeName(items[0] as Value); // it is not empty
  if (compare(items[0] as Value, items[0] as Value) === undefined) return fail('list elements must be comparable');
  if (items.some((each) => typeName(each) !== type)) return fail('list elements must have the same type');
  const order = items.map((_, index) => index);
  order.sort((a, b) => compare(items[a] as Value, items[b] as Value) || a - b); // within the length
  const values = of.items;
  return new PlainList(order.map((index) => values[index] as Value));
}

function range(count: bigint): Value {
  if (count < 0n) return fail(`lists.range: size must be non-negative, got ${count}`);
  if (count > BigInt(largestValue)) throw new CostExceeded();
  return new PlainList(Array.from({ length: Number(count) }, (_, index) => BigInt(index)));
}

function distinct(of: ListValue): Value {
  const found: Value[] = [];
  for (const each of of.items) if (!found.some((other) => equals(each, other))) found.push(each);
  return new PlainList(found);
}

const ext: Library['functions'] = [
  declared('slice', member('list_slice', [list, int, int], list, slice)),
  declared(
    'flatten',
    member('list_flatten', [t.list(list)], list, (of: ListValue) => flatten(of, 1n)),
    member('list_flatten_int', [t.list(t.dyn), int], t.list(t.dyn), flatten),
  ),
  declared(
    'sort',
    ...ofComparable(
      (type) => `list_${type}_sort`,
      t.list,
      (of) => sortedBy(of, of),
    ),
  ),
  declared(
    '@sortByAssociatedKeys',
    ...comparable.map((type) =>
      member(`list_${shortName(type)}_sortByAssociatedKeys`, [list, t.list(type)], list, sortedBy),
    ),
  ),
  declared('lists.range', global('lists_range', [int], t.list(int), range)),
  declared(
    'reverse',
    member('list_reverse', [list], list, (of: ListValue) => new PlainList(of.items.toReversed())),
  ),
  declared('distinct', member('list_distinct', [list], list, distinct)),
];

function contains(of: ListValue, part: ListValue): boolean {
  return part.items.every((each) => of.items.some((other) => equals(each, other)));
}

const set = [list, list] as const;

const sets: Library['functions'] = [
  declared('sets.contains', global('list_sets_contains_list', set, bool, contains)),
  declared(
    'sets.equivalent',
    global('list_sets_equivalent_list', set, bool, (a: ListValue, b: ListValue) => contains(a, b) && contains(b, a)),
  ),
  declared(
    'sets.intersects',
    global('list_sets_intersects_list', set, bool, (a: ListValue, b: ListValue) =>
      a.items.some((each) => b.items.some((other) => equals(each, other))),
    ),
  ),
];

const [key, value] = [t.param('K'), t.param('V')];
const map = t.map(key, value);
const inserted = () => fail(noSuchOverload); // loops insert by themselves

export const lists: Library = {
  functions: [
    declared(
      'isSorted',
      ...ofComparable(
        (type) => `list_${type}_is_sorted_bool`,
        () => bool,
        isSorted,
      ),
    ),
    declared('sum', ...sums()),
    declared(
      'max',
      ...ofComparable(
        (type) => `list_${type}_max_${type}`,
        (type) => type,
        extreme('max', (order) => order > 0),
      ),
    ),
    declared(
      'min',
      ...ofComparable(
        (type) => `list_${type}_min_${type}`,
        (type) => type,
        extreme('min', (order) => order < 0),
      ),
    ),
    declared('indexOf', member('list_a_index_of_int', [list, item], int, indexOf)),
    declared('lastIndexOf', member('list_a_last_index_of_int', [list, item], int, lastIndexOf)),
    ...ext,
    ...sets,
    declared(
      'cel.@mapInsert',
      global('@mapInsert_map_key_value', [map, key, value], map, inserted),
      global('@mapInsert_map_map', [map, map], map, inserted),
    ),
  ],
};
