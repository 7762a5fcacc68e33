// Amounts of bytes that are no whole number: what counts them rounds up.

import { getOwn } from '../../machinery/own.ts';
import { canonicalQuantity, parseQuantity, quantityError } from '../../machinery/quantity.ts';

const bytes = 1_000_000_000n;

/** Of the named resources of `list`. Amounts that are no quantity are for validation to tell. */
export function warnOfFractions(
  list: { readonly [name: string]: string } | undefined,
  names: readonly string[],
  path: string,
): string[] {
  if (!list) return [];
  return names.flatMap((name) => {
    const value = getOwn(list, name);
    // Nearly all amounts are whole by their looks.
    if (value === undefined || !/[.mnu]/.test(value) || quantityError(value) !== undefined) return [];
    return parseQuantity(value).nanos % bytes === 0n
      ? []
      : [`${path}[${name}]: fractional byte value "${canonicalQuantity(value)}" is invalid, must be an integer`];
  });
}
