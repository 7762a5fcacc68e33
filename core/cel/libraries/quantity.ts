// Quantities. Source: Kubernetes' CEL library "quantity".

import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  quantityError,
  quantityOf,
  quantityToNumber,
  subtractQuantities,
} from '../../machinery/quantity.ts';
import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, double, int, opaque, string } from '../types/types.ts';
import { fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';
import { comparisons } from './comparisons.ts';

export const quantityType = opaque('kubernetes.Quantity');
const type = quantityType;

class QuantityValue extends OpaqueValue {
  readonly type = type;
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && compare(this, other) === 0;
  }
}

const unit = quantityOf(1).nanos;

export const quantity: Library = {
  functions: [
    declared(
      'quantity',
      global('string_to_quantity', [string], type, (text: string): Value => {
        const why = quantityError(text);
        return why === undefined ? new QuantityValue(parseQuantity(text)) : fail(why);
      }),
    ),
    declared(
      'isQuantity',
      global('is_quantity_string', [string], bool, (text: string) => quantityError(text) === undefined),
    ),
    declared(
      'sign',
      member('quantity_sign', [type], int, (of: QuantityValue) => BigInt(Math.sign(Number(of.quantity.nanos)))),
    ),
    declared(
      'isInteger',
      member('quantity_is_integer', [type], bool, (of: QuantityValue) => integer(of) !== undefined),
    ),
    declared(
      'asInteger',
      member(
        'quantity_as_integer',
        [type],
        int,
        (of: QuantityValue) => integer(of) ?? fail('cannot convert value to integer'),
      ),
    ),
    declared(
      'asApproximateFloat',
      member('quantity_as_float', [type], double, (of: QuantityValue) => quantityToNumber(of.quantity)),
    ),
    declared('add', ...operations('add', addQuantities)),
    declared('sub', ...operations('sub', subtractQuantities)),
    ...comparisons('quantity', type, compare),
  ],
  constants: [typeConstant(type.name, type, new TypeValue(type.name))],
};

function compare(a: QuantityValue, b: QuantityValue): number {
  return Math.sign(compareQuantities(a.quantity, b.quantity));
}

function operations(name: string, operate: (a: Quantity, b: Quantity) => Quantity) {
  return [
    member(
      `quantity_${name}`,
      [type, type],
      type,
      (a: QuantityValue, b: QuantityValue) => new QuantityValue(operate(a.quantity, b.quantity)),
    ),
    member(
      `quantity_${name}_int`,
      [type, int],
      type,
      (a: QuantityValue, b: bigint) => new QuantityValue(operate(a.quantity, quantityOf(b))),
    ),
  ];
}

/** Of a whole one of 64 bits. */
function integer({ quantity: { nanos } }: QuantityValue): bigint | undefined {
  const whole = nanos / unit;
  return nanos % unit === 0n && BigInt.asIntN(64, whole) === whole ? whole : undefined;
}
