// Regular expressions from users, in time that is linear in the text (Go's syntax, as Kubernetes has it).

import { RE2JS } from 're2js';

export type LinearExpression = RE2JS;

/** Throws an Error that says what is wrong with the pattern. */
export function compileLinear(pattern: string): LinearExpression {
  return RE2JS.compile(pattern);
}
