// HorizontalPodAutoscalers, as version 2 stores them.

import type { V2HorizontalPodAutoscaler, V2HPAScalingRules } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { validateAmount } from '../../core/pod/validate-resources.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';
import { validateMetrics, validateReference } from './validate-metrics.ts';

export const strategy = strategyFor<V2HorizontalPodAutoscaler>({
  defaults({ spec }) {
    if (!spec?.behavior) return;
    const { scaleUp, scaleDown } = spec.behavior;
    const policy = (type: string, value: number) => ({ type, value, periodSeconds: 15 });
    spec.behavior.scaleUp = {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [policy('Pods', 4), policy('Percent', 100)],
      ...scaleUp,
    };
    spec.behavior.scaleDown = { selectPolicy: 'Max', policies: [policy('Percent', 100)], ...scaleDown };
  },
  validate({ spec }, old) {
    const errors: FieldError[] = [];
    const { minReplicas, maxReplicas = 0, metrics = [], behavior } = spec ?? {};
    // One that was at zero, as an alpha feature allows, may stay there.
    const least = old?.spec?.minReplicas === 0 ? 0 : 1;
    if (minReplicas !== undefined && minReplicas < least)
      errors.push(invalidValue('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`));
    if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
    if (minReplicas !== undefined && maxReplicas < minReplicas)
      errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
    errors.push(...validateReference(spec?.scaleTargetRef, 'spec.scaleTargetRef'));
    errors.push(...validateMetrics(metrics, minReplicas, 'spec.metrics'));
    for (const side of ['scaleUp', 'scaleDown'] as const) {
      const rules = behavior?.[side];
      if (rules) errors.push(...validateRules(rules, `spec.behavior.${side}`));
    }
    return errors;
  },
  validateStatus: ({ status }) => [
    ...nonNegative(status?.currentReplicas, 'status.currentReplicas'),
    ...nonNegative(status?.desiredReplicas, 'status.desiredReplicas'),
  ],
});

const selects = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];
const longest = { window: 3600, period: 1800 } as const;

function validateRules(rules: V2HPAScalingRules, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  if (window !== undefined && window < 0)
    errors.push(invalidValue(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > longest.window)
    errors.push(
      invalidValue(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${longest.window}`),
    );
  if (selectPolicy !== undefined && !selects.includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, selects));
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  policies.forEach(({ type = '', value = 0, periodSeconds = 0 }, index) => {
    const at = `${path}.policies[${index}]`;
    if (!policyTypes.includes(type)) errors.push(notSupported(`${at}.type`, type, policyTypes));
    if (value <= 0) errors.push(invalidValue(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0)
      errors.push(invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > longest.period)
      errors.push(
        invalidValue(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${longest.period}`),
      );
  });
  if (tolerance !== undefined) errors.push(...validateAmount(tolerance, `${path}.tolerance`));
  return errors;
}
