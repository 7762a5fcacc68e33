// What validating and mutating admission policies share: which bindings are meant by a request, and with which parameters.
// Source: KEP-3488, admissionregistration.k8s.io/v1.

import type {
  V1MatchCondition,
  V1MatchResources,
  V1ParamKind,
  V1ParamRef,
  V1Variable,
} from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { expressions, loadExpressions } from '../../../cel/expressions.ts';
import { celLimits } from '../../../cel/limits.ts';
import type { Budget } from '../../../cel/program.ts';
import { paramDefinition } from '../../../kinds/admissionregistration/param-kind.ts';
import type { Environment } from '../../../kinds/environment.ts';
import { type LabelSelectorJson, labelSelectorOf, matchesLabels } from '../../../machinery/labels.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { StatusError } from '../../../machinery/status.ts';
import { keyOf } from '../../target.ts';
import type { Attributes } from '../plugin.ts';
import { type Inputs, inputsOf, matchConditions, withValues, withVariables } from './expressions.ts';
import { type Constraints, matchRequest, namespaceOf } from './match.ts';
import { objectsIn, type ShownObjects } from './request.ts';

export interface Policy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly matchConditions?: V1MatchCondition[];
    readonly matchConstraints?: V1MatchResources;
    readonly paramKind?: V1ParamKind;
    readonly variables?: V1Variable[];
  };
}

export interface Binding {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly policyName?: string;
    readonly matchResources?: V1MatchResources;
    readonly paramRef?: V1ParamRef;
  };
}

/** One evaluation that a policy asks for: a binding, with one of its parameters. */
export interface Evaluation<B extends Binding> {
  readonly binding: B;
  readonly shown: ResourceDefinition;
  readonly objects: ShownObjects;
  readonly inputs: Inputs;
  /** What the policy's expressions may still cost with this binding and parameter. */
  readonly budget: Budget;
}

/**
 * Told of what cannot be evaluated. Throws where that refuses the request; else the evaluation is left out. `of`: whether the policy is wrong, its
 * binding, or a match condition about this object.
 */
export type OnFailure<B extends Binding> = (binding: B, why: string, of: 'policy' | 'binding' | 'condition') => void;

/** How a policy, or its binding, is told to be wrong. */
export function whyUnusable(why: string, of: 'policy' | 'binding' | 'condition'): string {
  return of === 'condition' ? why : `failed to configure ${of}: ${why}`;
}

export async function evaluationsOf<B extends Binding>(
  env: Environment,
  attributes: Attributes,
  { spec }: Policy,
  bindings: readonly B[],
  onFailure: OnFailure<B>,
): Promise<Evaluation<B>[]> {
  const shown = await matchRequest(env, attributes, constraintsOf(spec?.matchConstraints));
  if (!shown) return [];
  await loadExpressions();
  const { plain } = expressions().values;
  const result: Evaluation<B>[] = [];
  for (const binding of bindings) {
    const { matchResources } = binding.spec ?? {};
    // A binding without rules of its own takes those of the policy.
    const own = matchResources?.resourceRules?.length
      ? matchResources
      : { ...matchResources, resourceRules: everything };
    if (matchResources && !(await matchRequest(env, attributes, constraintsOf(own)))) continue;
    const objects = await objectsIn(env, attributes, shown);
    if (spec?.paramKind && !paramDefinition(env.definitions, spec.paramKind)) {
      const { apiVersion, kind } = spec.paramKind;
      onFailure(binding, `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`, 'policy');
      continue;
    }
    const params = await paramsOf(env, attributes, spec?.paramKind, binding.spec?.paramRef);
    if (typeof params === 'string') {
      onFailure(binding, params, 'binding');
      continue;
    }
    const namespace = attributes.namespace ? await namespaceOf(env, attributes.namespace) : undefined;
    const values = inputsOf(env, attributes, shown, objects);
    for (const param of params) {
      const base = withValues(values, {
        params: plain(param),
        namespaceObject: plain(namespace ?? null),
      });
      const matched = await matchConditions(spec?.matchConditions, base);
      if ('error' in matched) {
        onFailure(binding, matched.error, 'condition');
        continue;
      }
      if (!matched.matched) continue;
      const budget: Budget = { left: celLimits.object };
      const inputs = withVariables(base, spec?.variables, budget);
      result.push({ binding, shown, objects, inputs, budget });
    }
  }
  return result;
}

const everything = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*', '*'] }];

function constraintsOf(match: V1MatchResources | undefined): Constraints {
  return {
    rules: match?.resourceRules ?? [],
    excludeRules: match?.excludeResourceRules ?? [],
    ...(match?.matchPolicy && { matchPolicy: match.matchPolicy }),
    ...(match?.namespaceSelector && { namespaceSelector: match.namespaceSelector }),
    ...(match?.objectSelector && { objectSelector: match.objectSelector }),
  };
}

/** The parameters of a binding, `[null]` where there are none to have; a text says what is wrong. */
async function paramsOf(
  env: Environment,
  { definition, namespace }: Attributes,
  kind: V1ParamKind | undefined,
  ref: V1ParamRef | undefined,
): Promise<readonly (KubeObject | null)[] | string> {
  const params = kind && ref && paramDefinition(env.definitions, kind);
  if (!params) return [null];
  if (ref.namespace && !params.namespaced)
    return 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`';
  const from = params.namespaced ? ref.namespace || (definition.namespaced ? namespace : '') : '';
  if (params.namespaced && !from)
    return 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources';
  const found = await find(env, params, from, ref);
  if (found.length > 0) return found;
  return ref.parameterNotFoundAction === 'Allow'
    ? []
    : 'no params found for policy binding with `Deny` parameterNotFoundAction';
}

async function find(
  env: Environment,
  params: ResourceDefinition,
  namespace: string,
  ref: V1ParamRef,
): Promise<KubeObject[]> {
  if (ref.name) {
    const key = keyOf({ definition: params, name: ref.name, ...(namespace && { namespace }) });
    const one = await env.lookUp(params.type, key);
    return one ? [one] : [];
  }
  const selector = labelSelectorOf(ref.selector as LabelSelectorJson); // validated when it was written
  const all = await env.lookAll(params.type, namespace ? `${namespace}/` : undefined);
  return all.filter(({ metadata }) => matchesLabels(selector, metadata.labels));
}

/** How a policy refuses: a Forbidden in its words, with the reason that the policy names. */
export function refusal(
  { definition, name }: Attributes,
  message: string,
  reason: 'Forbidden' | 'Invalid' | 'RequestEntityTooLarge' | 'Unauthorized' = 'Invalid',
): StatusError {
  const { group, resource } = definition;
  const what = `${resource}${group && `.${group}`}${name && ` ${JSON.stringify(name)}`}`;
  return new StatusError(reason, `${what} is forbidden: ${message}`, refused(definition, name, message));
}

/**
 * How one that changes objects refuses: in its own words alone, and Forbidden by its code whatever the reason. `configured`: policy and binding are
 * as they should be.
 */
export function refusalToChange({ definition, name }: Attributes, message: string, configured: boolean): StatusError {
  const details = refused(definition, name, message);
  return new StatusError(configured ? 'Invalid' : 'Forbidden', message, details, {}, 403);
}

function refused({ group, resource }: ResourceDefinition, name: string | undefined, message: string) {
  return { ...(name && { name }), ...(group && { group }), kind: resource, causes: [{ message }] };
}
