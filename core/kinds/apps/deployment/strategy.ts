// Deployments.

import type { V1Deployment } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { defaultTemplate, validateSelected } from '../../core/pod-template/template.ts';
import { warnOfNamedWorkload } from '../../core/pod-template/warnings.ts';
import { immutable } from '../../metadata/validate.ts';
import { amountOf, countOrAnyPercent, countOrPercent } from '../../rules/count-or-percent.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateReplicaStatus } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1Deployment>({
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    defaultTemplate(spec.template);
    if (spec.strategy?.type === 'RollingUpdate')
      spec.strategy.rollingUpdate ??= { maxUnavailable: '25%', maxSurge: '25%' };
  },
  validate({ spec }) {
    if (!spec) return [required('spec.selector'), required('spec.template')];
    const errors = nonNegative(spec.replicas, 'spec.replicas');
    errors.push(...validateSelected(spec, 'deployment'));
    errors.push(...validateStrategy(spec.strategy));
    errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
    errors.push(...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
    errors.push(...nonNegative(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'));
    if (spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
      errors.push(
        invalidValue(
          'spec.progressDeadlineSeconds',
          spec.progressDeadlineSeconds,
          'must be greater than minReadySeconds',
        ),
      );
    }
    return errors;
  },
  warnings: warnOfNamedWorkload,
  validateUpdate: (object, old) => immutable(object.spec?.selector, old.spec?.selector, 'spec.selector'),
  validateStatus: ({ status }, old) =>
    validateReplicaStatus(status, old.status, {
      parts: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
      more: ['observedGeneration', 'unavailableReplicas', 'terminatingReplicas'],
    }),
});

function validateStrategy(value: NonNullable<V1Deployment['spec']>['strategy']): FieldError[] {
  const path = 'spec.strategy';
  if (!value) return [];
  if (value.type === 'Recreate') {
    return value.rollingUpdate
      ? [forbiddenField(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  }
  if (value.type !== 'RollingUpdate') return [notSupported(path, value, ['Recreate', 'RollingUpdate'])];
  const { maxSurge = 0, maxUnavailable = 0 } = value.rollingUpdate ?? {};
  const errors = countOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`);
  errors.push(...countOrAnyPercent(maxSurge, `${path}.rollingUpdate.maxSurge`));
  if (amountOf(maxSurge) === 0 && amountOf(maxUnavailable) === 0) {
    errors.push(
      invalidValue(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    );
  }
  return errors;
}
