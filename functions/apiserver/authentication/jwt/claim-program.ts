// Expressions of an AuthenticationConfiguration: over the claims of a token, or over the user that was made of them.

import { type CelProgram, compileCel } from '../../../../core/machinery/cel.ts';
import { type CelInput, celOutput } from '../../../../core/machinery/cel-input.ts';
import type { Json } from '../../../../core/machinery/object.ts';

export type Variable = 'claims' | 'user';

/** The program of an expression, whose result may have one of these CEL types; or what is wrong with it. */
export function claimProgram(
  expression: string,
  variable: Variable,
  results: readonly string[],
): { readonly program: CelProgram } | { readonly problem: string } {
  const compiled = compileCel(expression, { [variable]: 'dyn' });
  if (!compiled.ok) return { problem: `compilation failed: ${compiled.error.message}` };
  const { type } = compiled.value;
  const fits = type === 'dyn' || results.some((each) => type === each || type.startsWith(`${each}<`));
  return fits ? { program: compiled.value } : { problem: `must evaluate to ${results.join(' or ')}, not ${type}` };
}

/** Evaluates an expression that the configuration's check let through. Throws an Error with what went wrong. */
export function claimFunction(expression: string, variable: Variable): (input: CelInput) => Json | undefined {
  const compiled = compileCel(expression, { [variable]: 'dyn' });
  return (input) => {
    const result = compiled.ok ? compiled.value.run({ [variable]: input }) : compiled;
    if (!result.ok) throw new Error(`the expression ${JSON.stringify(expression)} failed: ${result.error.message}`);
    return celOutput(result.value);
  };
}
