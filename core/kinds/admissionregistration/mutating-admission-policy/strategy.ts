// MutatingAdmissionPolicies.

import type { V1MutatingAdmissionPolicy, V1Mutation } from '../../../../generated/kubernetes.ts';
import type { Type } from '../../../cel/types/types.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { strategyFor } from '../../strategy.ts';
import { checkExpression, type ExpressionPlace } from '../admission-rules.ts';
import { defaultConstraints, validateChanges, validatePolicy } from '../policy.ts';

export const strategy = strategyFor<V1MutatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  validate({ spec }) {
    const variables = new Map<string, Type>();
    const errors = validatePolicy(spec, variables);
    errors.push(...validateChanges(spec?.matchConstraints?.resourceRules, 'spec.matchConstraints.resourceRules'));
    const place = { place: 'mutation', variables, params: spec?.paramKind !== undefined } as const;
    if (!spec?.mutations?.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
    spec?.mutations?.forEach((mutation, index) => {
      errors.push(...validateMutation(mutation, place, `spec.mutations[${index}]`));
    });
    const policy = spec?.reinvocationPolicy;
    if (!policy) errors.push(required('spec.reinvocationPolicy'));
    else if (!policies.includes(policy)) errors.push(notSupported('spec.reinvocationPolicy', policy, policies));
    return errors;
  },
});

const policies = ['IfNeeded', 'Never'];

/** By type of patch: its field, and what its expression evaluates to. */
const patches = {
  ApplyConfiguration: { field: 'applyConfiguration', type: 'Object' },
  JSONPatch: { field: 'jsonPatch', type: 'list(JSONPatch)' },
} as const;

function validateMutation(mutation: V1Mutation, place: ExpressionPlace, path: string): FieldError[] {
  const { patchType } = mutation;
  if (!patchType) return [required(`${path}.patchType`)];
  const own = getOwn(patches, patchType);
  if (!own) return [notSupported(`${path}.patchType`, patchType, Object.keys(patches))];
  const { field, type } = own;
  const patch = mutation[field];
  const at = `${path}.${field}`;
  const errors = !patch
    ? [required(at, `must be specified when patchType is ${patchType}`)]
    : patch.expression?.trim()
      ? checkExpression(patch.expression, `${at}.expression`, [type], place)
      : [required(`${at}.expression`)];
  for (const { field: other } of Object.values(patches))
    if (other !== field && mutation[other])
      errors.push(
        invalidValue(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`),
      );
  return errors;
}
