// CEL expressions of webhooks and policies over one request: match conditions, variables, validations, messages.
// Source: KEP-3488, KEP-3716. The values of a request are converted once, and a variable is worked out once, when it is first read.

import type { V1MatchCondition, V1Variable } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { expressions } from '../../../cel/expressions.ts';
import type { AdmissionPlace } from '../../../cel/kubernetes/admission.ts';
import type { CelError, CelProgram, CelResult } from '../../../cel/kubernetes/programs.ts';
import { celLimits } from '../../../cel/limits.ts';
import type { Budget } from '../../../cel/program.ts';
import type { Value } from '../../../cel/values/values.ts';
import type { Environment } from '../../../kinds/environment.ts';
import type { Attributes } from '../plugin.ts';
import { authorizationChecksOf } from './authorization-checks.ts';
import { requestOf, type ShownObjects } from './request.ts';

/** By what they stand in: they go with the policy or webhook. */
const programs = new WeakMap<object, Map<string, CelResult<CelProgram>>>();

/** Compiled once where it stands; the types of a policy's variables were checked when it was written. */
function programOf({ standsIn, expression, place = 'policy' }: Expression): CelResult<CelProgram> {
  let known = programs.get(standsIn);
  if (!known) {
    known = new Map();
    programs.set(standsIn, known);
  }
  let program = known.get(expression);
  if (!program) {
    const { compileCel, admissionEnvironment } = expressions();
    program = compileCel(expression, admissionEnvironment(place));
    known.set(expression, program);
  }
  return program;
}

/** An expression of a stored object. */
export interface Expression {
  /** The part of the object that has it, and no expression of the same text for another place. */
  readonly standsIn: object;
  readonly expression: string;
  /** Default: that of policies and webhooks. */
  readonly place?: AdmissionPlace;
}

/** What expressions are evaluated on. */
export interface Inputs {
  readonly values: ReadonlyMap<string, Value>;
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
  const { values: make, authorizerValues } = expressions();
  const checks = authorizationChecksOf(env, attributes);
  const { namespace, name, subresource } = attributes;
  const { group, resource } = attributes.definition;
  const asked = authorizerValues(checks.decide, { group, resource, subresource, namespace, name });
  const values = new Map([
    ['object', make.plain(object)],
    ['oldObject', make.plain(oldObject)],
    ['request', make.plain(requestOf(attributes, definition))],
    ['namespaceObject', make.plain(null)],
    ['authorizer', asked.authorizer],
    ['authorizer.requestResource', asked.requestResource],
  ]);
  return { values, settle: checks.settle };
}

/** `inputs` with more values. */
export function withValues({ values, settle }: Inputs, more: Readonly<Record<string, Value>>): Inputs {
  return { values: new Map([...values, ...Object.entries(more)]), settle };
}

/** Runs a program that is read from an object; one that does not compile fails as one that cannot be evaluated. */
export async function evaluate(
  expression: Expression,
  { values, settle }: Inputs,
  budget: Budget = { left: celLimits.run },
): Promise<CelResult<Value>> {
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
export function withVariables(inputs: Inputs, variables: readonly V1Variable[] = [], budget: Budget): Inputs {
  const known = new Map<string, CelResult<Value>>();
  const seeing = (visible: readonly V1Variable[]): Inputs => {
    const asked = new Set<string>();
    const { failure, lazyMap } = expressions().values;
    const read = (name: string): Value | undefined => {
      if (!visible.some((each) => each.name === name)) return undefined;
      const result = known.get(name);
      if (!result) {
        asked.add(name);
        return failure(`the variable ${JSON.stringify(name)} is not worked out yet`);
      }
      if (result.ok) return result.value;
      return failure(`composited variable ${JSON.stringify(name)} fails to evaluate: ${result.error.message}`);
    };
    return {
      values: new Map([...inputs.values, ['variables', lazyMap(read)]]),
      async settle() {
        const settled = await inputs.settle();
        const names = [...asked];
        asked.clear();
        for (const name of names) {
          const at = visible.findIndex((each) => each.name === name);
          const variable = visible[at];
          if (!variable) continue;
          const { expression } = variable;
          const written: Expression = { standsIn: variable, expression };
          known.set(name, await evaluate(written, seeing(visible.slice(0, at)), budget));
        }
        return settled || names.length > 0;
      },
    };
  };
  return seeing(variables);
}

/** `error`: of each condition that cannot be evaluated. */
export type Matched = { readonly matched: boolean } | { readonly error: string };

/** What the match conditions of one webhook or policy may cost together: a quarter of what an object's rules may. */
const conditionsLimit = celLimits.object / 4;

/** All conditions must hold. One that is false wins over those that fail. */
export async function matchConditions(
  conditions: readonly V1MatchCondition[] | undefined,
  inputs: Inputs,
): Promise<Matched> {
  const failed = new Set<string>();
  const budget: Budget = { left: conditionsLimit };
  for (const condition of conditions ?? []) {
    const { expression } = condition;
    const result = await evaluate({ standsIn: condition, expression }, inputs, budget);
    if (!result.ok) failed.add(evaluationError(expression, result.error));
    else if (result.value !== true) return { matched: false };
  }
  if (failed.size === 0) return { matched: true };
  const all = [...failed].join(', ');
  return { error: failed.size === 1 ? all : `[${all}]` };
}

export function evaluationError(expression: string, { message }: CelError): string {
  return `expression '${expression}' resulted in error: ${message}`;
}
