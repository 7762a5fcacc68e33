// What the rules of a kind say of an object, beside what was said of it already.

import type { FieldError } from '../../machinery/field-error.ts';

/**
 * Adds what `rules` find. Once something is wrong, a rule may stand before what the object's type rules out, such as a Pod without a
 * spec, and has nothing more to say. In an object of which nothing is wrong so far that is a fault of ours, and throws.
 */
export function addErrors(errors: FieldError[], rules: () => readonly FieldError[] | undefined): void {
  try {
    errors.push(...(rules() ?? []));
  } catch (error) {
    if (!(error instanceof TypeError) || errors.length === 0) throw error;
  }
}
