// PodDisruptionBudgets.

import type { V1PodDisruptionBudget, V1PodDisruptionBudgetSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { validateConditions } from '../../rules/conditions.ts';
import { countOrPercent } from '../../rules/count-or-percent.ts';
import { validateCounts } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1PodDisruptionBudget>({
  generation: true,
  conditionalUpdate: true,
  validate({ spec }) {
    if (!spec) return [];
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      errors.push(invalidValue('spec', shownSpec(spec), 'minAvailable and maxUnavailable cannot be both set'));
    }
    if (spec.minAvailable !== undefined) errors.push(...countOrPercent(spec.minAvailable, 'spec.minAvailable'));
    if (spec.maxUnavailable !== undefined) errors.push(...countOrPercent(spec.maxUnavailable, 'spec.maxUnavailable'));
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
    const policy = spec.unhealthyPodEvictionPolicy;
    if (policy !== undefined && !policies.includes(policy))
      errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, policies));
    return errors;
  },
  validateStatus: ({ status }) => [
    ...validateConditions(status?.conditions ?? [], 'status.conditions'),
    ...validateCounts(status, ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']),
  ],
});

const policies = ['AlwaysAllow', 'IfHealthyBudget'];

/** As Kubernetes shows its own type, whose fields have Go's names. */
function shownSpec(spec: V1PodDisruptionBudgetSpec): object {
  return {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
}
