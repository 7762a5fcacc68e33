// CEL expressions of webhooks and policies over one request: match conditions, variables, validations, messages.
// Source: KEP-3488, KEP-3716. The values of a request are converted once, and a variable is worked out once, when it is first read.

import type { V1MatchCondition, V1Variable } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { bodyOf } from '../../../api/subresource-body.ts';
import { admissionVariables } from '../../../kinds/admissionregistration/expression-variables.ts';
import type { Environment } from '../../../kinds/environment.ts';
import type { CelBudget, CelError, CelProgram, CelResult } from '../../../machinery/cel.ts';
import { celAuthorizer } from '../../../machinery/cel-authorizer.ts';
import { CelCallError } from '../../../machinery/cel-call-error.ts';
import type { CelInput } from '../../../machinery/cel-input.ts';
import { celLimits } from '../../../machinery/cel-limits.ts';
import { expressions } from '../../../machinery/expressions.ts';
import type { Attributes } from '../plugin.ts';
import { authorizationChecksOf } from './authorization-checks.ts';
import { requestOf, type ShownObjects } from './request.ts';

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

/** What expressions are evaluated on. */
export interface Inputs {
  readonly values: Readonly<Record<string, CelInput>>;
  /** Gets what runs asked for since the last call and could not wait for. False when that is nothing: what they gave is final. */
  settle(): Promise<boolean>;
}

/** The inputs of a request whose objects are shown in the version of `definition`. */
export function inputsOf(
  env: Environment,
  attributes: Attributes,
  definition: ResourceDefinition,
  { object, oldObject }: ShownObjects,
): Inputs {
  const { input } = expressions();
  const checks = authorizationChecksOf(env, attributes);
  const { namespace, name, subresource } = attributes;
  const { group, resource } = attributes.definition;
  const schema = attributes.operation === 'CONNECT' ? undefined : bodyOf(definition, subresource).schema;
  const values = {
    object: input.celInput(object, schema),
    oldObject: input.celInput(oldObject, schema),
    request: input.celInput(requestOf(attributes, definition)),
    authorizer: celAuthorizer(checks.decide, { group, resource, subresource, namespace, name }),
  };
  return { values, settle: checks.settle };
}

/** `inputs` with more values. */
export function withValues({ values, settle }: Inputs, more: Readonly<Record<string, CelInput>>): Inputs {
  return { values: { ...values, ...more }, settle };
}

/** Runs a program that is read from an object; one that does not compile fails as one that cannot be evaluated. */
export async function evaluate(
  expression: string,
  { values, settle }: Inputs,
  budget: CelBudget = { left: celLimits.run },
): Promise<CelResult<unknown>> {
  const program = programOf(expression);
  if (!program.ok) return program;
  for (;;) {
    const { left } = budget;
    const result = program.value.run(values, budget);
    const cost = left - budget.left;
    // Each round asks something new, and what a run may ask is bounded by what it may cost.
    if (!(await settle())) return result;
    // This run counts for nothing; what was worked out for it does.
    budget.left += cost;
  }
}

/**
 * `inputs` with variables, each of which sees those before it. Nobody hears of what is wrong with one that no expression reads, and it costs
 * nothing; one that fails fails whatever reads it.
 */
export function withVariables(inputs: Inputs, variables: readonly V1Variable[] = [], budget: CelBudget): Inputs {
  const known = new Map<string, CelResult<unknown>>();
  const seeing = (visible: readonly V1Variable[]): Inputs => {
    const asked = new Set<string>();
    const read = (name: string): unknown => {
      if (!visible.some((each) => each.name === name)) return undefined;
      const result = known.get(name);
      if (!result) {
        asked.add(name);
        throw new CelCallError(`the variable ${JSON.stringify(name)} is not worked out yet`);
      }
      if (result.ok) return result.value;
      throw new CelCallError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${result.error.message}`);
    };
    return {
      // The library reads fields of a map by its constructor and `get`, so that it must be one.
      values: {
        ...inputs.values,
        variables: { value: Object.defineProperty(new Map<string, unknown>(), 'get', { value: read }) },
      },
      async settle() {
        const settled = await inputs.settle();
        const names = [...asked];
        asked.clear();
        for (const name of names) {
          const at = visible.findIndex((each) => each.name === name);
          const { expression = '' } = visible[at] ?? {};
          known.set(name, await evaluate(expression, seeing(visible.slice(0, at)), budget));
        }
        return settled || names.length > 0;
      },
    };
  };
  return seeing(variables);
}

export type Matched = { readonly matched: boolean } | { readonly error: CelError; readonly name: string };

/** What the match conditions of one webhook or policy may cost together: a quarter of what an object's rules may. */
const conditionsLimit = celLimits.object / 4;

/** All conditions must hold. One that is false wins over one that fails. */
export async function matchConditions(
  conditions: readonly V1MatchCondition[] | undefined,
  inputs: Inputs,
): Promise<Matched> {
  let failed: Matched | undefined;
  const budget: CelBudget = { left: conditionsLimit };
  for (const { name, expression } of conditions ?? []) {
    const result = await evaluate(expression, inputs, budget);
    if (!result.ok) failed ??= { error: result.error, name };
    else if (result.value !== true) return { matched: false };
  }
  return failed ?? { matched: true };
}
