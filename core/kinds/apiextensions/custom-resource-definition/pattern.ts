// A pattern of a schema: it is compiled as what matches with it will.

import { regularExpressions } from '../../../machinery/expressions.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';

/** What is wrong with patterns that were looked at, so that those of a large definition can be, in steps, before it is validated. */
const known = new Map<string, string | undefined>();
/** Characters of all of them: more than one definition has. */
const mostRemembered = 4 * 1024 * 1024;
let remembered = 0;

export function patternProblem(pattern: string): string | undefined {
  if (known.has(pattern)) return known.get(pattern);
  if (remembered > mostRemembered) {
    known.clear();
    remembered = 0;
  }
  const problem = compile(pattern);
  known.set(pattern, problem);
  remembered += pattern.length;
  return problem;
}

function compile(pattern: string): string | undefined {
  const { compileLinear } = regularExpressions();
  try {
    compileLinear(pattern);
    return undefined;
  } catch (error) {
    // Only its own syntax errors come from there.
    return (error as Error).message;
  }
}

export function checkPattern(pattern: string, path: string, errors: FieldError[]): void {
  const problem = patternProblem(pattern);
  if (problem === undefined) return;
  const why = `must be a valid regular expression, but isn't: ${problem}`;
  errors.push(invalidValue(`${path}.pattern`, pattern, why));
}
