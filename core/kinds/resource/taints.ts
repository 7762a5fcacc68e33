// Taints of devices, tolerations of them, and the conditions that binding a pod waits for.

import type { V1DeviceTaint, V1DeviceToleration } from '../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { validateLabelKey } from '../../machinery/labels.ts';
import { seenBefore } from '../../machinery/seen-before.ts';
import { limits } from './limits.ts';
import { validateList } from './lists.ts';
import { validateLabelValue } from './names.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];
const operators = ['Equal', 'Exists'];

export function validateTaint({ key, value, effect }: V1DeviceTaint, path: string): FieldError[] {
  const errors = validateLabelKey(key, `${path}.key`);
  if (value) errors.push(...validateLabelValue(value, `${path}.value`));
  if (!effect) errors.push(required(`${path}.effect`));
  else if (!effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
  return errors;
}

export function validateTolerations(list: readonly V1DeviceToleration[] | undefined, path: string): FieldError[] {
  return validateList(list, limits.tolerations, path, validateToleration);
}

function validateToleration({ key, operator, value, effect }: V1DeviceToleration, path: string): FieldError[] {
  const errors = key ? validateLabelKey(key, `${path}.key`) : [];
  if (operator === 'Exists') {
    if (value) errors.push(invalidValue(`${path}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') errors.push(...validateLabelValue(value, `${path}.value`));
  else if (!operator) errors.push(required(`${path}.operator`));
  else errors.push(notSupported(`${path}.operator`, operator, operators));
  if (effect && !effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
  return errors;
}

/** Conditions to wait for, and those with which it fails: both or none, and no condition in both. */
export function validateBinding(
  {
    bindingConditions: wanted = [],
    bindingFailureConditions: failures = [],
  }: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] },
  path: string,
): FieldError[] {
  const [at, failuresAt] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  const errors = [
    ...validateList(wanted, limits.bindingConditions, at, validateLabelKey),
    ...validateList(failures, limits.bindingConditions, failuresAt, validateLabelKey),
  ];
  const [wantedAgain, failuresAgain] = [seenBefore(), seenBefore()];
  wanted.forEach((each, index) => {
    if (wantedAgain(each)) errors.push(duplicate(`${at}[${index}]`, each));
  });
  const all = new Set(wanted);
  failures.forEach((each, index) => {
    if (failuresAgain(each)) errors.push(duplicate(`${failuresAt}[${index}]`, each));
    if (all.has(each))
      errors.push(
        invalidValue(
          `${failuresAt}[${index}]`,
          each,
          'bindingFailureConditions must not overlap with bindingConditions',
        ),
      );
  });
  if (wanted.length === 0 && failures.length > 0)
    errors.push(invalidValue(at, null, 'bindingConditions are required to use bindingFailureConditions'));
  if (failures.length === 0 && wanted.length > 0)
    errors.push(invalidValue(failuresAt, null, 'bindingFailureConditions are required to use bindingConditions'));
  return errors;
}
