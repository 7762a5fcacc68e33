// ReplicationControllers.

import type { V1ReplicationController } from '../../../../generated/kubernetes.ts';
import { invalidValue, required } from '../../../machinery/field-error.ts';
import { labelSelectorOfSet, matchesLabels } from '../../../machinery/labels.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateReplicaStatus } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultTemplate, validateEndless, validateTemplate } from '../pod-template/template.ts';
import { warnOfNamedWorkload } from '../pod-template/warnings.ts';

export const strategy = strategyFor<V1ReplicationController>({
  generation: true,
  propagation: 'Orphan',
  defaults(object) {
    const { spec } = object;
    if (!spec) return;
    defaultTemplate(spec.template);
    const labels = spec.template?.metadata?.labels;
    if (!labels) return;
    if (!spec.selector || Object.keys(spec.selector).length === 0) spec.selector = { ...labels };
    if (!object.metadata.labels || Object.keys(object.metadata.labels).length === 0)
      object.metadata.labels = { ...labels };
  },
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors = nonNegative(spec.minReadySeconds, 'spec.minReadySeconds');
    if (!spec.selector || Object.keys(spec.selector).length === 0) errors.push(required('spec.selector'));
    else if (!matchesLabels(labelSelectorOfSet(spec.selector), spec.template?.metadata?.labels)) {
      errors.push(
        invalidValue(
          'spec.template.metadata.labels',
          spec.template?.metadata?.labels ?? null,
          '`selector` does not match template `labels`',
        ),
      );
    }
    errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
    errors.push(...validateTemplate(spec.template, 'spec.template'));
    errors.push(...validateEndless(spec.template, 'ReplicationController'));
    return errors;
  },
  warnings: warnOfNamedWorkload,
  validateStatus: ({ status }, old) =>
    validateReplicaStatus(status, old.status, {
      parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      more: ['observedGeneration'],
    }),
});
