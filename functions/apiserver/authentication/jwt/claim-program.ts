// Expressions of an AuthenticationConfiguration: over the claims of a token, or over the user that was made of them.

import { claimsEnvironment, userEnvironment } from '../../../../core/cel/kubernetes/environments.ts';
import { celOutput } from '../../../../core/cel/kubernetes/output.ts';
import { type CelProgram, compileCel } from '../../../../core/cel/kubernetes/programs.ts';
import type { Value } from '../../../../core/cel/values/values.ts';
import type { Json } from '../../../../core/machinery/object.ts';

export type Variable = 'claims' | 'user';

const environments = { claims: claimsEnvironment, user: userEnvironment } as const;

/** The program of an expression, whose result may have one of these CEL types; or what is wrong with it. */
export function claimProgram(
  expression: string,
  variable: Variable,
  results: readonly string[],
): { readonly program: CelProgram } | { readonly problem: string } {
  const compiled = compileCel(expression, environments[variable]);
  if (!compiled.ok) return { problem: `compilation failed: ${compiled.error.message}` };
  const { type } = compiled.value;
  const fits = type === 'dyn' || results.some((each) => type === each || type.startsWith(`${each}(`));
  return fits ? { program: compiled.value } : { problem: `must evaluate to ${results.join(' or ')}, not ${type}` };
}

/** Evaluates an expression that the configuration's check let through. Throws an Error with what went wrong. */
export function claimFunction(expression: string, variable: Variable): (input: Value) => Json | undefined {
  const compiled = compileCel(expression, environments[variable]);
  return (input) => {
    const result = compiled.ok ? compiled.value.run(new Map([[variable, input]])) : compiled;
    if (!result.ok) throw new Error(`the expression ${JSON.stringify(expression)} failed: ${result.error.message}`);
    return celOutput(result.value);
  };
}
