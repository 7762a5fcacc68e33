// Amounts of bytes that are no whole number: what counts them rounds up.

import { getOwn } from '../../machinery/own.ts';
import { canonicalQuantity, parseQuantity, quantityError } from '../../machinery/quantity.ts';

const bytes = 1_000_000_000n;

/** Whether one of the amounts needs a closer look: nearly all are whole by their looks. */
export function mayBeFractional(
  list: { readonly [name: string]: string } | undefined,
  names: readonly string[],
): list is { readonly [name: string]: string } {
  if (!list) return false;
  for (const name of names) if (/[.mnu]/.test(getOwn(list, name) ?? '')) return true;
  return false;
}

/** Of the named resources of `list`. Amounts that are no quantity are for validation to tell. */
export function warnOfFractions(
  list: { readonly [name: string]: string } | undefined,
  names: readonly string[],
  path: string,
): string[] {
  if (!mayBeFractional(list, names)) return [];
  return names.flatMap((name) => {
    const value = getOwn(list, name);
    if (value === undefined || quantityError(value) !== undefined) return [];
    return parseQuantity(value).nanos % bytes === 0n
      ? []
      : [`${path}[${name}]: fractional byte value "${canonicalQuantity(value)}" is invalid, must be an integer`];
  });
}
