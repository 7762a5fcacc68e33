// MutatingAdmissionPolicy: changes objects by apply configurations and JSON patches that CEL expressions make. Source: KEP-3962.

import type {
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1Mutation,
} from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { bodyOf } from '../../../api/subresource-body.ts';
import { expressions } from '../../../cel/expressions.ts';
import { mergeApplied } from '../../../machinery/apply/merge.ts';
import { applyJsonPatch, isFailedTest, patchProblem } from '../../../machinery/json-patch.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { StatusError } from '../../../machinery/status.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import type { Attributes, WriteEnvironment } from '../plugin.ts';
import { recordRun, runsNow } from '../reinvocation.ts';
import { configurationError } from './applied-configuration.ts';
import { evaluate, evaluationError } from './expressions.ts';
import {
  type Binding,
  type Evaluation,
  evaluationsOf,
  type OnFailure,
  refusalToChange,
  whyUnusable,
} from './policy.ts';
import { rewrite } from './rewrite.ts';

const policyType = 'admissionregistration.k8s.io/mutatingadmissionpolicies';

/** `bindings`: all that there are. */
export async function mutateByPolicies(
  attributes: Attributes,
  env: WriteEnvironment,
  bindings: readonly V1MutatingAdmissionPolicyBinding[],
): Promise<void> {
  for (const policy of await env.lookAll(policyType)) {
    for (const binding of bindings) {
      if (binding.spec?.policyName !== policy.metadata?.name) continue;
      const key = `policy/${policy.metadata?.name}/${binding.metadata?.name}`;
      if (!runsNow(attributes, key, policy.spec?.reinvocationPolicy)) continue;
      recordRun(attributes, key, await mutateWith(attributes, env, policy, binding));
    }
  }
}

async function mutateWith(
  attributes: Attributes,
  env: WriteEnvironment,
  policy: V1MutatingAdmissionPolicy,
  binding: V1MutatingAdmissionPolicyBinding,
): Promise<boolean> {
  const name = policy.metadata?.name;
  const fail = (why: string, of: Parameters<OnFailure<Binding>>[2] = 'condition') => {
    if (policy.spec?.failurePolicy === 'Ignore') return;
    const names = of === 'policy' ? `'${name}'` : `'${name}' with binding '${binding.metadata?.name}'`;
    const message = `policy ${names} denied request: ${whyUnusable(why, of)}`;
    throw refusalToChange(attributes, message, of === 'condition');
  };
  let changed = false;
  const count = (await evaluationsOf(env, attributes, policy, [binding], (_, ...why) => fail(...why))).length;
  const mutations = policy.spec?.mutations ?? [];
  // Each mutation sees what the one before made of the object.
  for (let parameter = 0; parameter < count; parameter += 1) {
    for (const mutation of mutations) {
      const evaluation = (await evaluationsOf(env, attributes, policy, [binding], (_, ...why) => fail(...why)))[
        parameter
      ];
      if (!evaluation?.objects.object) continue;
      const { shown, objects } = evaluation;
      const before = evaluation.objects.object;
      const next = await mutated(mutation, schemaOf(attributes, shown), structuredClone(before), evaluation);
      if (typeof next === 'string') fail(next);
      else
        changed =
          (await rewrite(
            env,
            attributes,
            shown,
            objects.object ?? before,
            next,
            `MutatingAdmissionPolicy '${name}'`,
          )) || changed;
    }
  }
  return changed;
}

function schemaOf({ operation, subresource }: Attributes, shown: ResourceDefinition): Schema {
  return operation === 'CONNECT' ? anything : bodyOf(shown, subresource).schema;
}

const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

/** The object after one mutation; a text says why there is none. */
async function mutated(
  mutation: V1Mutation,
  schema: Schema,
  object: KubeObject,
  { inputs, budget }: Pick<Evaluation<Binding>, 'inputs' | 'budget'>,
): Promise<object | string> {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  const expression = (patchType === 'JSONPatch' ? jsonPatch?.expression : applyConfiguration?.expression) ?? '';
  const result = await evaluate({ standsIn: mutation, expression, place: 'mutation' }, inputs, budget);
  if (!result.ok) return evaluationError(expression, result.error);
  const value = expressions().celOutput(result.value);
  if (patchType === 'JSONPatch') {
    try {
      const patched = Object(applyJsonPatch(object, value));
      // Of built-in kinds it is read strictly.
      const unknown = schema.model === undefined ? [] : prune(schema, structuredClone(patched));
      return unknown.length === 0
        ? patched
        : `Internal error occurred: strict decoding error: ${[...new Set(unknown)].join(', ')}`;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // A patch whose test fails is not made, and nobody is refused for it.
      return isFailedTest(error) ? object : `JSONPath: ${patchProblem(error)}`;
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `expression '${expression}' must make an Object`;
  return configurationError(schema, value) ?? Object(mergeApplied(schema, object, value));
}
