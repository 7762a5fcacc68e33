// MutatingAdmissionPolicies.

import type { V1MutatingAdmissionPolicy } from '../../../../generated/kubernetes.ts';
import type { Type } from '../../../cel/types/types.ts';
import { notSupported, required } from '../../../machinery/field-error.ts';
import { strategyFor } from '../../strategy.ts';
import { checkExpression } from '../admission-rules.ts';
import { defaultConstraints, validatePolicy } from '../policy.ts';

export const strategy = strategyFor<V1MutatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  validate({ spec }) {
    const variables = new Map<string, Type>();
    const errors = validatePolicy(spec, variables);
    const place = { place: 'mutation', variables } as const;
    if (!spec?.mutations?.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
    const policies = ['IfNeeded', 'Never'];
    if (!spec?.reinvocationPolicy) errors.push(required('spec.reinvocationPolicy'));
    else if (!policies.includes(spec.reinvocationPolicy))
      errors.push(notSupported('spec.reinvocationPolicy', spec.reinvocationPolicy, policies));
    for (const [index, { patchType, applyConfiguration, jsonPatch }] of (spec?.mutations ?? []).entries()) {
      const at = `spec.mutations[${index}]`;
      if (patchType === 'ApplyConfiguration')
        errors.push(
          ...checkExpression(applyConfiguration?.expression, `${at}.applyConfiguration.expression`, ['Object'], place),
        );
      else if (patchType === 'JSONPatch')
        errors.push(
          ...checkExpression(jsonPatch?.expression, `${at}.jsonPatch.expression`, ['list(JSONPatch)'], place),
        );
      else errors.push(notSupported(`${at}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']));
    }
    return errors;
  },
});
