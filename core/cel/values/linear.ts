// Regular expressions, compiled once.

import { compileLinear } from '../../machinery/linear-expression.ts';

const expressions = new Map<string, ReturnType<typeof compileLinear> | string>();
const mostKept = 500;

/** A compiled pattern; a text says what is wrong with it. Patterns mostly stand in the expression itself, so few serve all runs. */
export function linear(pattern: string): ReturnType<typeof compileLinear> | string {
  let known = expressions.get(pattern);
  if (known === undefined) {
    try {
      known = compileLinear(pattern);
    } catch (error) {
      known = (error as Error).message; // only its own syntax errors come from there
    }
    if (expressions.size >= mostKept) expressions.clear();
    expressions.set(pattern, known);
  }
  return known;
}
