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
    const name = metadata.name ?? '';
    if (name.startsWith('system-')) {
      const why = systemFault(name, value, object.globalDefault ?? false);
      if (why)
        errors.push(
          forbiddenField(
            'metadata.name',
            `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`,
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

const systemClasses = new Map([
  ['system-node-critical', 2000001000],
  ['system-cluster-critical', 2000000000],
]);

function systemFault(name: string, value: number, globalDefault: boolean): string | undefined {
  const own = systemClasses.get(name);
  if (own === undefined) return `${name} is not a known system priority class`;
  if (own !== value) return `value of ${name} PriorityClass must be ${own}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
