// The standard functions and operators. Source: CEL specification, "List of Standard Definitions".

import {
  declared,
  type FunctionDeclaration,
  global,
  type Library,
  member,
  type Overload,
  typeConstant,
} from '../check/environment.ts';
import { operators } from '../syntax/tree.ts';
import * as t from '../types/types.ts';
import { equals } from '../values/equality.ts';
import { linear } from '../values/linear.ts';
import { divide, divideUint, modulo, moduloUint } from '../values/numbers.ts';
import { addDuration, between, durationOf } from '../values/times.ts';
import { typeName } from '../values/type-of.ts';
import {
  type Duration,
  fail,
  intResult,
  type ListValue,
  lengthOf,
  type MapValue,
  type Timestamp,
  TypeValue,
  type Uint,
  uintResult,
  type Value,
} from '../values/values.ts';
import { clocks } from './clocks.ts';
import { conversions } from './conversions.ts';

const a = t.param('A');
const b = t.param('B');
const unplanned = () => fail('no such overload');

/** The planner knows how these run. */
function planned(name: string, ...overloads: (readonly [id: string, args: readonly t.Type[], result: t.Type])[]) {
  return declared(name, ...overloads.map(([id, args, result]) => global(id, args, result, unplanned)));
}

const numbers = [
  ['int64', t.int],
  ['uint64', t.uint],
  ['double', t.double],
] as const;

function orderings(operator: string, name: string): FunctionDeclaration {
  const others = [
    ['bool', t.bool],
    ['string', t.string],
    ['bytes', t.bytes],
    ['timestamp', t.timestamp],
    ['duration', t.duration],
  ] as const;
  return planned(
    operator,
    ...others.map(([own, type]) => [`${name}_${own}`, [type, type], t.bool] as const),
    ...numbers.flatMap(([left, leftType]) =>
      numbers.map(([right, rightType]) => {
        const id = left === right ? `${name}_${left}` : `${name}_${left}_${right}`;
        return [id, [leftType, rightType], t.bool] as const;
      }),
    ),
  );
}

const arithmetic: readonly FunctionDeclaration[] = [
  declared(
    operators.add,
    global('add_int64', [t.int, t.int], t.int, (x: bigint, y: bigint) => intResult(x + y)),
    global('add_uint64', [t.uint, t.uint], t.uint, (x: Uint, y: Uint) => uintResult(x.value + y.value)),
    global('add_double', [t.double, t.double], t.double, (x: number, y: number) => x + y),
    global('add_string', [t.string, t.string], t.string, (x: string, y: string) => x + y),
    global('add_bytes', [t.bytes, t.bytes], t.bytes, (x: Uint8Array, y: Uint8Array) => Buffer.concat([x, y])),
    global('add_list', [t.list(a), t.list(a)], t.list(a), (x: ListValue, y: ListValue) => x.plus(y)),
    global('add_timestamp_duration', [t.timestamp, t.duration], t.timestamp, addDuration),
    global('add_duration_timestamp', [t.duration, t.timestamp], t.timestamp, (x: Duration, y: Timestamp) =>
      addDuration(y, x),
    ),
    global('add_duration_duration', [t.duration, t.duration], t.duration, (x: Duration, y: Duration) =>
      durationOf(x.nanos + y.nanos),
    ),
  ),
  declared(
    operators.subtract,
    global('subtract_int64', [t.int, t.int], t.int, (x: bigint, y: bigint) => intResult(x - y)),
    global('subtract_uint64', [t.uint, t.uint], t.uint, (x: Uint, y: Uint) => uintResult(x.value - y.value)),
    global('subtract_double', [t.double, t.double], t.double, (x: number, y: number) => x - y),
    global('subtract_timestamp_timestamp', [t.timestamp, t.timestamp], t.duration, between),
    global('subtract_timestamp_duration', [t.timestamp, t.duration], t.timestamp, (x: Timestamp, y: Duration) => {
      const opposite = durationOf(-y.nanos);
      return opposite instanceof Object && 'nanos' in opposite ? addDuration(x, opposite as Duration) : opposite;
    }),
    global('subtract_duration_duration', [t.duration, t.duration], t.duration, (x: Duration, y: Duration) =>
      durationOf(x.nanos - y.nanos),
    ),
  ),
  declared(
    operators.multiply,
    global('multiply_int64', [t.int, t.int], t.int, (x: bigint, y: bigint) => intResult(x * y)),
    global('multiply_uint64', [t.uint, t.uint], t.uint, (x: Uint, y: Uint) => uintResult(x.value * y.value)),
    global('multiply_double', [t.double, t.double], t.double, (x: number, y: number) => x * y),
  ),
  declared(
    operators.divide,
    global('divide_int64', [t.int, t.int], t.int, divide),
    global('divide_uint64', [t.uint, t.uint], t.uint, divideUint),
    global('divide_double', [t.double, t.double], t.double, (x: number, y: number) => x / y),
  ),
  declared(
    operators.modulo,
    global('modulo_int64', [t.int, t.int], t.int, modulo),
    global('modulo_uint64', [t.uint, t.uint], t.uint, moduloUint),
  ),
  declared(
    operators.negate,
    global('negate_int64', [t.int], t.int, (x: bigint) => intResult(-x)),
    global('negate_double', [t.double], t.double, (x: number) => -x),
  ),
  declared(
    operators.not,
    global('logical_not', [t.bool], t.bool, (x: boolean) => !x),
  ),
];

const logic: readonly FunctionDeclaration[] = [
  planned(operators.and, ['logical_and', [t.bool, t.bool], t.bool]),
  planned(operators.or, ['logical_or', [t.bool, t.bool], t.bool]),
  planned(operators.conditional, ['conditional', [t.bool, a, a], a]),
  planned(operators.equals, ['equals', [a, a], t.bool]),
  planned(operators.notEquals, ['not_equals', [a, a], t.bool]),
  planned(operators.notStrictlyFalse, ['not_strictly_false', [t.bool], t.bool]),
  orderings(operators.less, 'less'),
  orderings(operators.lessEquals, 'less_equals'),
  orderings(operators.greater, 'greater'),
  orderings(operators.greaterEquals, 'greater_equals'),
  declared(
    operators.in,
    global('in_list', [a, t.list(a)], t.bool, (item: Value, list: ListValue) => {
      for (let index = 0; index < list.size; index += 1) if (equals(item, list.at(index))) return true;
      return false;
    }),
    global('in_map', [a, t.map(a, b)], t.bool, (key: Value, map: MapValue) => map.find(key) !== undefined),
  ),
  planned(operators.index, ['index_list', [t.list(a), t.int], a], ['index_map', [t.map(a, b), a], b]),
];

function sizes(): Overload[] {
  const of = [
    ['string', t.string, (value: string) => BigInt(lengthOf(value))],
    ['bytes', t.bytes, (value: Uint8Array) => BigInt(value.length)],
    ['list', t.list(a), (value: ListValue) => BigInt(value.size)],
    ['map', t.map(a, b), (value: MapValue) => BigInt(value.size)],
  ] as const;
  return of.flatMap(([name, type, run]) => [
    global(`size_${name}`, [type], t.int, run as () => bigint),
    member(`${name}_size`, [type], t.int, run as () => bigint),
  ]);
}

const texts: readonly FunctionDeclaration[] = [
  declared('size', ...sizes()),
  declared(
    'contains',
    member('contains_string', [t.string, t.string], t.bool, (x: string, y: string) => x.includes(y)),
  ),
  declared(
    'startsWith',
    member('starts_with_string', [t.string, t.string], t.bool, (x: string, y: string) => x.startsWith(y)),
  ),
  declared(
    'endsWith',
    member('ends_with_string', [t.string, t.string], t.bool, (x: string, y: string) => x.endsWith(y)),
  ),
  declared(
    'matches',
    global('matches', [t.string, t.string], t.bool, matches),
    member('matches_string', [t.string, t.string], t.bool, matches),
  ),
  declared(
    'type',
    global('type', [a], t.typeOf(a), (value: Value) => new TypeValue(typeName(value))),
  ),
  declared(
    'dyn',
    global('to_dyn', [a], t.dyn, (value: Value) => value),
  ),
];

function matches(text: string, pattern: string): Value {
  const expression = linear(pattern);
  return typeof expression === 'string' ? fail(expression) : expression.matcher(text).find();
}

const plainTypes = [t.bool, t.int, t.uint, t.double, t.string, t.bytes, t.nullType, t.timestamp, t.duration];
const openTypes = [t.list(t.dyn), t.map(t.dyn, t.dyn), t.anyType];

export const standard: Library = {
  functions: [...arithmetic, ...logic, ...texts, ...conversions, ...clocks],
  constants: [...plainTypes, ...openTypes].map((type) => typeConstant(type.name, type, new TypeValue(type.name))),
};
