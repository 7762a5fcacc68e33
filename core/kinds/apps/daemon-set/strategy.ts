// DaemonSets.

import type { V1DaemonSet } from '../../../../generated/kubernetes.ts';
import { invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import {
  defaultTemplate,
  validateEndless,
  validateSelectorOf,
  validateTemplate,
} from '../../core/pod-template/template.ts';
import { warnOfWorkload } from '../../core/pod-template/warnings.ts';
import { immutable } from '../../metadata/validate.ts';
import { countOrPercent } from '../../rules/count-or-percent.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateCollisions, validateCounts } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1DaemonSet>({
  generation: true,
  defaults({ spec }) {
    if (!spec) return;
    defaultTemplate(spec.template);
    if (spec.updateStrategy?.type === 'RollingUpdate')
      spec.updateStrategy.rollingUpdate ??= { maxUnavailable: 1, maxSurge: 0 };
  },
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors = [
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
      ...validateSelectorOf(spec.selector, spec.template, 'spec', 'daemonset'),
      ...validateTemplate(spec.template, 'spec.template'),
      ...validateEndless(spec.template, 'DaemonSet'),
    ];
    const { type, rollingUpdate } = spec.updateStrategy ?? {};
    if (type && type !== 'OnDelete' && type !== 'RollingUpdate')
      errors.push(notSupported('spec.updateStrategy', type, ['OnDelete', 'RollingUpdate']));
    if (type === 'RollingUpdate') {
      const { maxUnavailable = 1, maxSurge = 0 } = rollingUpdate ?? {};
      const path = 'spec.updateStrategy.rollingUpdate';
      errors.push(
        ...countOrPercent(maxUnavailable, `${path}.maxUnavailable`),
        ...countOrPercent(maxSurge, `${path}.maxSurge`),
      );
      const none = (value: number | string) => value === 0 || value === '0%';
      if (none(maxUnavailable) && none(maxSurge))
        errors.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
      if (!none(maxUnavailable) && !none(maxSurge))
        errors.push(invalidValue(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
    }
    return errors;
  },
  warnings: warnOfWorkload,
  validateUpdate: (object, old) => immutable(object.spec?.selector, old.spec?.selector, 'spec.selector'),
  validateStatus: ({ status }, old) => [
    ...validateCounts(status, [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
      'collisionCount',
    ]),
    ...validateCollisions(status, old.status),
  ],
});
