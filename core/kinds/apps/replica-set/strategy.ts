// ReplicaSets.

import type { V1ReplicaSet } from '../../../../generated/kubernetes.ts';
import { required } from '../../../machinery/field-error.ts';
import { defaultTemplate, validateSelected } from '../../core/pod-template/template.ts';
import { warnOfNamedWorkload } from '../../core/pod-template/warnings.ts';
import { immutable } from '../../metadata/validate.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateReplicaStatus } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1ReplicaSet>({
  generation: true,
  defaults: ({ spec }) => defaultTemplate(spec?.template),
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate({ spec }) {
    if (!spec) return [required('spec')];
    return [
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      // Called so in Kubernetes' message.
      ...validateSelected(spec, 'deployment'),
    ];
  },
  warnings: warnOfNamedWorkload,
  validateUpdate: (object, old) => immutable(object.spec?.selector, old.spec?.selector, 'spec.selector'),
  validateStatus: ({ status }, old) =>
    validateReplicaStatus(status, old.status, {
      parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      more: ['observedGeneration', 'terminatingReplicas'],
    }),
});
