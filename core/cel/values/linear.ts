// Regular expressions, compiled once.

import { compileLinear } from '../../machinery/linear-expression.ts';

const expressions = new Map<string, ReturnType<typeof compileLinear> | string>();
const mostKept = 500;
/** Compiling one takes longer than what it is counted as. */
const longest = 100_000;

/** A compiled pattern; a text says what is wrong with it. Patterns mostly stand in the expression itself, so few serve all runs. */
export function linear(pattern: string): ReturnType<typeof compileLinear> | string {
  if (pattern.length > longest) return `the regular expression is longer than ${longest} characters`;
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
