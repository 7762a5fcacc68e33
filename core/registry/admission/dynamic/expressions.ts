// CEL expressions of webhooks and policies over one request: match conditions, variables, validations, messages.
// Source: KEP-3488, KEP-3716. The values of a request are converted once, and variables are worked out once, in their order.

import type { V1MatchCondition, V1Variable } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { CelBudget, CelError, CelProgram, CelResult } from '../../../machinery/cel.ts';
import type { CelInput } from '../../../machinery/cel-input.ts';
import { celLimits } from '../../../machinery/cel-limits.ts';
import { expressions } from '../../../machinery/expressions.ts';
import type { KubeObject } from '../../../machinery/object.ts';

/** All that an expression of admission may name. */
export const admissionVariables = {
  object: 'dyn',
  oldObject: 'dyn',
  request: 'dyn',
  params: 'dyn',
  namespaceObject: 'dyn',
  variables: 'dyn',
} as const;

export const matchConditionVariables = { object: 'dyn', oldObject: 'dyn', request: 'dyn' } as const;

const programs = new Map<string, CelResult<CelProgram>>();
const maxPrograms = 2000;

/** Compiled once an expression. */
function programOf(expression: string): CelResult<CelProgram> {
  let program = programs.get(expression);
  if (!program) {
    program = expressions().cel.compileCel(expression, admissionVariables);
    if (programs.size >= maxPrograms) programs.clear();
    programs.set(expression, program);
  }
  return program;
}

export type Inputs = Readonly<Record<string, CelInput>>;

export interface InputValues {
  readonly definition: ResourceDefinition;
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
  readonly request: unknown;
}

export function inputsOf({ definition, object, oldObject, request }: InputValues): Inputs {
  return {
    object: expressions().input.celInput(object, definition.schema),
    oldObject: expressions().input.celInput(oldObject, definition.schema),
    request: expressions().input.celInput(request),
  };
}

/** Runs a program that is read from an object; one that does not compile fails as one that cannot be evaluated. */
export function evaluate(expression: string, inputs: Inputs, budget?: CelBudget): CelResult<unknown> {
  const program = programOf(expression);
  return program.ok ? program.value.run(inputs, budget) : program;
}

/** `inputs` with the variables that could be worked out; reading another one is an error of the expression that does. */
export function withVariables(inputs: Inputs, variables: readonly V1Variable[] | undefined, budget: CelBudget): Inputs {
  if (!variables?.length) return { ...inputs, variables: expressions().input.celInput({}) };
  const values = new Map<string, unknown>();
  for (const { name, expression } of variables) {
    const result = evaluate(expression, { ...inputs, variables: { value: values } }, budget);
    if (result.ok) values.set(name, result.value);
  }
  return { ...inputs, variables: { value: values } };
}

export type Matched = { readonly matched: boolean } | { readonly error: CelError; readonly name: string };

/** What the match conditions of one webhook or policy may cost together: a quarter of what an object's rules may. */
const conditionsLimit = celLimits.object / 4;

/** All conditions must hold. One that is false wins over one that fails. */
export function matchConditions(conditions: readonly V1MatchCondition[] | undefined, inputs: Inputs): Matched {
  let failed: Matched | undefined;
  const budget: CelBudget = { left: conditionsLimit };
  for (const { name, expression } of conditions ?? []) {
    const result = evaluate(expression, inputs, budget);
    if (!result.ok) failed ??= { error: result.error, name };
    else if (result.value !== true) return { matched: false };
  }
  return failed ?? { matched: true };
}
