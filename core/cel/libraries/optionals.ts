// Values that may not be there. Source: CEL specification, "Optional Values"; cel-go's optional types.

import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { operators } from '../syntax/tree.ts';
import * as t from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import {
  Duration,
  fail,
  ListValue,
  MapValue,
  noSuchOverload,
  Optional,
  StructValue,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from '../values/values.ts';

const item = t.param('T');
const of = t.optional(item);
const [key, value] = [t.param('K'), t.param('V')];
const map = t.map(key, value);
const planned = () => fail(noSuchOverload); // the planner knows how these run

export const optionals: Library = {
  functions: [
    declared(
      'optional.of',
      global('optional_of', [item], of, (each: Value) => new Optional(each)),
    ),
    declared(
      'optional.none',
      global('optional_none', [], of, () => Optional.none),
    ),
    declared(
      'optional.ofNonZeroValue',
      global('optional_ofNonZeroValue', [item], of, (each: Value) =>
        isZero(each) ? Optional.none : new Optional(each),
      ),
    ),
    declared('optional.unwrap', global('optional_unwrap', [t.list(of)], t.list(item), unwrap)),
    declared('unwrapOpt', member('optional_unwrapOpt', [t.list(of)], t.list(item), unwrap)),
    declared(
      'value',
      member('optional_value', [of], item, (each: Optional) => each.value ?? fail('optional.none() dereference')),
    ),
    declared(
      'hasValue',
      member('optional_hasValue', [of], t.bool, (each: Optional) => each.value !== undefined),
    ),
    declared('or', member('optional_or_optional', [of, of], of, planned)),
    declared('orValue', member('optional_orValue_value', [of, item], item, planned)),
    declared(
      'first',
      member('list_first', [t.list(item)], of, (list: ListValue) => ended(list, 0)),
    ),
    declared(
      'last',
      member('list_last', [t.list(item)], of, (list: ListValue) => ended(list, list.size - 1)),
    ),
    declared(operators.optionalSelect, global('select_optional_field', [t.dyn, t.string], t.optional(t.dyn), planned)),
    declared(
      operators.optionalIndex,
      global('list_optindex_optional_int', [t.list(item), t.int], of, planned),
      global('optional_list_optindex_optional_int', [t.optional(t.list(item)), t.int], of, planned),
      global('map_optindex_optional_value', [map, key], t.optional(value), planned),
      global('optional_map_optindex_optional_value', [t.optional(map), key], t.optional(value), planned),
    ),
    declared(
      operators.index,
      global('optional_list_index_int', [t.optional(t.list(item)), t.int], of, planned),
      global('optional_map_index_value', [t.optional(map), key], t.optional(value), planned),
    ),
  ],
  constants: [typeConstant('optional_type', t.optional(item), new TypeValue('optional_type'))],
};

function unwrap(list: ListValue): Value {
  const values: Value[] = [];
  for (const each of list.items) {
    if (!(each instanceof Optional)) return fail(`value is not optional`);
    if (each.value !== undefined) values.push(each.value);
  }
  return new PlainList(values);
}

function ended(list: ListValue, index: number): Value {
  return list.size === 0 ? Optional.none : new Optional(list.at(index));
}

function isZero(each: Value): boolean {
  if (each === null || each === false || each === '' || each === 0n || each === 0) return true;
  if (each instanceof ListValue || each instanceof MapValue) return each.size === 0;
  if (each instanceof Uint) return each.value === 0n;
  if (each instanceof Uint8Array) return each.length === 0;
  if (each instanceof Duration) return each.nanos === 0n;
  // Go's zero time is the first second of the first year.
  if (each instanceof Timestamp) return each.seconds === -62_135_596_800 && each.nanos === 0;
  if (each instanceof StructValue) return each.fields.size === 0;
  return each instanceof Optional && each.value === undefined;
}
