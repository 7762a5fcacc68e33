// PodDisruptionBudgets and priority classes.

import type { V1PodDisruptionBudget, V1PriorityClass } from '../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { immutable } from '../metadata/validate.ts';
import { strategy } from '../strategy.ts';
import { countOrPercent } from './count-or-percent.ts';

export const podDisruptionBudget = strategy<V1PodDisruptionBudget>({
  generation: true,
  conditionalUpdate: true,
  validate({ spec }) {
    if (!spec) return [];
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
    }
    if (spec.minAvailable !== undefined) errors.push(...countOrPercent(spec.minAvailable, 'spec.minAvailable'));
    if (spec.maxUnavailable !== undefined) errors.push(...countOrPercent(spec.maxUnavailable, 'spec.maxUnavailable'));
    return [...errors, ...validateLabelSelector(spec.selector, 'spec.selector')];
  },
});

const highestUserPriority = 1_000_000_000;

export const priorityClass = strategy<V1PriorityClass>({
  generation: true,
  validate(object) {
    const { metadata, value = 0 } = object;
    const errors: FieldError[] = [];
    if (metadata.name?.startsWith('system-')) {
      const known = new Map([
        ['system-node-critical', 2000001000],
        ['system-cluster-critical', 2000000000],
      ]);
      if (known.get(metadata.name) !== value)
        errors.push(
          forbiddenField(
            'metadata.name',
            "priority class names with 'system-' prefix are reserved for system use only",
          ),
        );
    } else if (value > highestUserPriority)
      errors.push(
        forbiddenField('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`),
      );
    return errors;
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (object.value !== old.value) errors.push(forbiddenField('Value', 'may not be changed in an update.'));
    errors.push(...immutable(object.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'));
    return errors;
  },
});
