// ValidatingAdmissionPolicies.

import type {
  V1AuditAnnotation,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyStatus,
  V1Validation,
} from '../../../../generated/kubernetes.ts';
import type { Type } from '../../../cel/types/types.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { type Situation, strategyFor } from '../../strategy.ts';
import { checkExpression, type ExpressionPlace } from '../admission-rules.ts';
import { defaultConstraints, validatePolicy } from '../policy.ts';
import { typeWarnings } from './type-checking.ts';

export const strategy = strategyFor<V1ValidatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  prepareForCreate(object, situation) {
    object.status = checkedStatus(object, 1, situation);
  },
  prepareForUpdate(object, old, situation) {
    if (situation.subresource !== '' || deepEqual(object.spec, old.spec)) return;
    object.status = { ...object.status, ...checkedStatus(object, (old.metadata?.generation ?? 0) + 1, situation) };
  },
  validate({ metadata, spec }) {
    const variables = new Map<string, Type>();
    const errors = validatePolicy(spec, variables);
    const place = { place: 'policy', variables, params: spec?.paramKind !== undefined } as const;
    const { validations = [], auditAnnotations = [] } = spec ?? {};
    const neither = 'validations or auditAnnotations must contain at least one item';
    if (validations.length === 0 && auditAnnotations.length === 0)
      errors.push(required('spec.validations', neither), required('spec.auditAnnotations', neither));
    validations.forEach((each, index) => {
      errors.push(...validateValidation(each, place, `spec.validations[${index}]`));
    });
    if (auditAnnotations.length > mostAnnotations)
      errors.push(
        invalidValue(
          'spec.auditAnnotations',
          auditAnnotations,
          `must not have more than ${mostAnnotations} auditAnnotations`,
        ),
      );
    const keys = new Set<string>();
    auditAnnotations.slice(0, mostAnnotations).forEach((each, index) => {
      const at = `spec.auditAnnotations[${index}]`;
      errors.push(...validateAnnotation(each, metadata?.name ?? '', place, at));
      if (keys.has(each.key)) errors.push(duplicate(`${at}.key`, each.key));
      keys.add(each.key);
    });
    return errors;
  },
});

/** Types are checked with the write; a policy that is wrong is refused after. */
function checkedStatus(
  { spec }: V1ValidatingAdmissionPolicy,
  generation: number,
  { env }: Situation,
): V1ValidatingAdmissionPolicyStatus {
  const warnings = spec ? typeWarnings(spec, env.definitions) : [];
  return { observedGeneration: generation, typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {} };
}

const mostAnnotations = 20;
const longestValueExpression = 5 * 1024;
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

function validateValidation(validation: V1Validation, place: ExpressionPlace, path: string): FieldError[] {
  const { expression, message, messageExpression, reason } = validation;
  const errors = checkExpression(expression, `${path}.expression`, ['bool'], place);
  if (messageExpression && !messageExpression.trim())
    errors.push(invalidValue(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  else if (messageExpression)
    errors.push(...checkExpression(messageExpression, `${path}.messageExpression`, ['string'], place));
  if (message && !message.trim())
    errors.push(invalidValue(`${path}.message`, message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(message?.trim() ?? ''))
    errors.push(invalidValue(`${path}.message`, message, 'message must not contain line breaks'));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, reasons));
  return errors;
}

/** It stands in the audit log under the name of the policy and its own key. */
function validateAnnotation(
  { key = '', valueExpression = '' }: V1AuditAnnotation,
  policy: string,
  place: ExpressionPlace,
  path: string,
): FieldError[] {
  const name = `${policy}/${key}`;
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(`${path}.key`, name, message));
  const at = `${path}.valueExpression`;
  const trimmed = valueExpression.trim();
  if (!trimmed) return [...errors, required(at, 'valueExpression is not specified')];
  if (Buffer.byteLength(trimmed) > longestValueExpression)
    return [...errors, required(at, `must not exceed ${longestValueExpression} bytes in length`)];
  return [...errors, ...checkExpression(valueExpression, at, ['string', 'null'], place)];
}
