// DaemonSets.

import type { V1DaemonSet, V1DaemonSetUpdateStrategy } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import {
  defaultTemplate,
  mismatch,
  validateEndless,
  validateSelectorOf,
  validateTemplate,
} from '../../core/pod-template/template.ts';
import { warnOfWorkload } from '../../core/pod-template/warnings.ts';
import { immutable } from '../../metadata/validate.ts';
import { amountOf, countOrPercent } from '../../rules/count-or-percent.ts';
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
    const { selector, template } = spec;
    // Without a selector there is none that matches: it is not asked for.
    const selected = selector
      ? validateSelectorOf(selector, template, 'spec', 'daemonset')
      : [mismatch(template, 'spec')];
    return [
      ...selected,
      ...validateTemplate(template, 'spec.template'),
      ...validateEndless(template, 'DaemonSet'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...validateUpdates(spec.updateStrategy, 'spec.updateStrategy'),
      ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ];
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

function validateUpdates(updates: V1DaemonSetUpdateStrategy | undefined, path: string): FieldError[] {
  const { type, rollingUpdate } = updates ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return [notSupported(path, updates ?? {}, ['RollingUpdate', 'OnDelete'])];
  const { maxUnavailable = 1, maxSurge = 0 } = rollingUpdate ?? {};
  const [unavailableAt, surgeAt] = [`${path}.rollingUpdate.maxUnavailable`, `${path}.rollingUpdate.maxSurge`];
  const errors = [...countOrPercent(maxUnavailable, unavailableAt), ...countOrPercent(maxSurge, surgeAt)];
  const [less, more] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  if (less && more) errors.push(invalidValue(surgeAt, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!less && !more) errors.push(required(unavailableAt, 'cannot be 0 when maxSurge is 0'));
  return errors;
}
