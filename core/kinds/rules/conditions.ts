// Conditions in Kubernetes' common form (metav1.Condition): one of a type, with status, reason and time.

import type { V1Condition } from '../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts';
import { validateLabelKey } from '../../machinery/labels.ts';
import { conditionReason } from '../../machinery/names.ts';

const statuses = ['False', 'True', 'Unknown'];
const longest = { reason: 1024, message: 32 * 1024 } as const;

export function validateConditions(conditions: readonly Partial<V1Condition>[], path: string): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap((condition, index) => {
    const { type = '' } = condition;
    const at = `${path}[${index}]`;
    const errors = seen.has(type) ? [duplicate(`${at}.type`, type)] : [];
    seen.add(type);
    return [...errors, ...validateCondition(condition, at)];
  });
}

function validateCondition(
  { type, status = '', observedGeneration = 0, lastTransitionTime, reason, message = '' }: Partial<V1Condition>,
  path: string,
): FieldError[] {
  const errors = validateLabelKey(type, `${path}.type`);
  if (!statuses.includes(status)) errors.push(notSupported(`${path}.status`, status, statuses));
  if (observedGeneration < 0)
    errors.push(
      invalidValue(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'),
    );
  if (!lastTransitionTime) errors.push(required(`${path}.lastTransitionTime`, 'must be set'));
  if (!reason) errors.push(required(`${path}.reason`, 'must be set'));
  else {
    errors.push(...conditionReason(reason).map((wrong) => invalidValue(`${path}.reason`, reason, wrong)));
    if (Buffer.byteLength(reason) > longest.reason) errors.push(tooLong(`${path}.reason`, longest.reason));
  }
  if (Buffer.byteLength(message) > longest.message) errors.push(tooLong(`${path}.message`, longest.message));
  return errors;
}
