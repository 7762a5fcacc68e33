// Regular expressions, compiled once for all who use them at the time.

import { compileLinear } from '../../machinery/linear-expression.ts';

type Linear = ReturnType<typeof compileLinear>;

/** A compiled one lives as long as a plan that keeps it, so that nothing is left of rules that are gone. */
const expressions = new Map<string, WeakRef<Linear>>();
const collected = new FinalizationRegistry<string>((pattern) => {
  if (!expressions.get(pattern)?.deref()) expressions.delete(pattern);
});
const kept = new WeakMap<WeakKey, Linear>();
/** Patterns that no plan keeps are made while an expression runs: the last of them may come again. */
const lately: (Linear | undefined)[] = [];
const mostLately = 32;
let nextLately = 0;
/** Compiling one takes longer than what it is counted as. */
const longest = 100_000;

/** A compiled pattern; a text says what is wrong with it. Patterns mostly stand in the expression itself, so few serve all runs. */
export function linear(pattern: string): Linear | string {
  const known = expressions.get(pattern)?.deref();
  if (known) return known;
  const made = compiled(pattern);
  if (typeof made === 'string') return made;
  lately[nextLately] = made;
  nextLately = (nextLately + 1) % mostLately;
  return made;
}

/** Keeps what `linear` makes of a pattern for as long as `owner` lives. */
export function keepLinear(owner: WeakKey, pattern: string): void {
  const made = expressions.get(pattern)?.deref() ?? compiled(pattern);
  if (typeof made === 'string') return;
  kept.set(owner, made);
  const place = lately.indexOf(made);
  if (place >= 0) lately[place] = undefined;
}

function compiled(pattern: string): Linear | string {
  if (pattern.length > longest) return `the regular expression is longer than ${longest} characters`;
  try {
    // A part of a text keeps the whole of it.
    const copy = Buffer.from(pattern, 'utf16le').toString('utf16le');
    const made = compileLinear(copy);
    expressions.set(copy, new WeakRef(made));
    collected.register(made, copy);
    return made;
  } catch (error) {
    return (error as Error).message; // only its own syntax errors come from there
  }
}
