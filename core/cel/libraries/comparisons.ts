// The functions by which values of one type are put in order, as Kubernetes' libraries have them.

import { declared, member } from '../check/environment.ts';
import { bool, int, type Type } from '../types/types.ts';
import type { OpaqueValue, Value } from '../values/values.ts';

/** `isGreaterThan`, `isLessThan`, `compareTo`; `id` begins the names of their overloads. `compare` gives -1, 0 or 1. */
export function comparisons<T extends OpaqueValue>(id: string, type: Type, compare: (a: T, b: T) => number) {
  const comparison = (name: string, result: Type, read: (order: number) => Value) =>
    member(`${id}_${name}`, [type, type], result, (a: T, b: T) => read(compare(a, b)));
  return [
    declared(
      'isGreaterThan',
      comparison('is_greater_than', bool, (order) => order > 0),
    ),
    declared(
      'isLessThan',
      comparison('is_less_than', bool, (order) => order < 0),
    ),
    declared(
      'compareTo',
      comparison('compare_to', int, (order) => BigInt(order)),
    ),
  ];
}
