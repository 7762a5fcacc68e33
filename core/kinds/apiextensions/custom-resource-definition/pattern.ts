// A pattern of a schema: it is compiled as what matches with it will.

import { regularExpressions } from '../../../machinery/expressions.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';

export function checkPattern(pattern: string, path: string, errors: FieldError[]): void {
  const { compileLinear } = regularExpressions();
  try {
    compileLinear(pattern);
  } catch (error) {
    // Only its own syntax errors come from there.
    errors.push(
      invalidValue(
        `${path}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${(error as Error).message}`,
      ),
    );
  }
}
