// PriorityClasses.

import type { V1PriorityClass } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

const highestUserPriority = 1_000_000_000;

export const strategy = strategyFor<V1PriorityClass>({
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
