// ValidatingAdmissionPolicies.

import type { V1ValidatingAdmissionPolicy } from '../../../../generated/kubernetes.ts';
import type { Type } from '../../../cel/types/types.ts';
import { invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { strategyFor } from '../../strategy.ts';
import { checkExpression } from '../admission-rules.ts';
import { defaultConstraints, validatePolicy } from '../policy.ts';

export const strategy = strategyFor<V1ValidatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  validate({ spec }) {
    const variables = new Map<string, Type>();
    const errors = validatePolicy(spec, variables);
    const place = { place: 'policy', variables } as const;
    const { validations = [], auditAnnotations = [] } = spec ?? {};
    if (validations.length === 0 && auditAnnotations.length === 0)
      errors.push(required('spec.validations', 'validations or auditAnnotations must be set to at least one item'));
    for (const [index, each] of validations.entries()) {
      const at = `spec.validations[${index}]`;
      errors.push(...checkExpression(each.expression, `${at}.expression`, ['bool'], place));
      if (each.messageExpression)
        errors.push(...checkExpression(each.messageExpression, `${at}.messageExpression`, ['string'], place));
      if (each.message?.includes('\n'))
        errors.push(invalidValue(`${at}.message`, each.message, 'message must not contain line breaks'));
      const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
      if (each.reason && !reasons.includes(each.reason))
        errors.push(notSupported(`${at}.reason`, each.reason, reasons));
    }
    for (const [index, each] of auditAnnotations.entries()) {
      const at = `spec.auditAnnotations[${index}]`;
      for (const message of qualifiedNameErrors(each.key ?? ''))
        errors.push(invalidValue(`${at}.key`, each.key, message));
      errors.push(...checkExpression(each.valueExpression, `${at}.valueExpression`, ['string', 'null'], place));
    }
    return errors;
  },
});
