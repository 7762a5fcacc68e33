// What of a device's capacity a claim may take (KEP-5075): values to choose from, or a range.

import type { V1CapacityRequestPolicyRange, V1DeviceCapacity } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import { limits } from '../limits.ts';
import { validateSet } from '../lists.ts';

/** `shared`: whether the device can be allocated more than once. */
export function validateCapacity(
  { value, requestPolicy }: V1DeviceCapacity,
  shared: boolean,
  path: string,
): FieldError[] {
  if (!requestPolicy) return [];
  const at = `${path}.requestPolicy`;
  if (!shared) return [forbiddenField(at, 'allowMultipleAllocations must be true')];
  const { default: chosen, validValues = [], validRange } = requestPolicy;
  if (validValues.length > 0 && validRange)
    return [
      forbiddenField(
        at,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    ];
  if (validValues.length > 0)
    return chosen === undefined
      ? [required(`${at}.default`, 'required when validValues is defined')]
      : validateValues(validValues, chosen, value, `${at}.validValues`);
  if (!validRange) return [];
  return chosen === undefined
    ? [required(`${at}.default`, 'required when validRange is defined')]
    : validateRange(validRange, chosen, value, `${at}.validRange`);
}

function validateValues(values: readonly string[], chosen: string, capacity: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  values.forEach((each, index) => {
    const before = values[index - 1];
    if (before !== undefined && above(before, each))
      errors.push(invalidValue(`${path}[${index}]`, each, 'values must be sorted in ascending order'));
  });
  errors.push(
    ...validateSet(
      values,
      limits.policyValues,
      path,
      (each) => formatQuantity({ ...parseQuantity(each), format: 'DecimalSI' }),
      (each, at) =>
        above(each, capacity) ? [invalidValue(at, each, `option is larger than capacity value: ${capacity}`)] : [],
    ),
  );
  const known = values.some((each) => compareQuantities(parseQuantity(each), parseQuantity(chosen)) === 0);
  if (!known) errors.push(invalidValue(path, chosen, 'default value is not valid according to the requestPolicy'));
  return errors;
}

function validateRange(
  { min, max, step }: Partial<V1CapacityRequestPolicyRange>,
  chosen: string,
  capacity: string,
  path: string,
): FieldError[] {
  if (min === undefined) return [required(`${path}.min`, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  if (above(min, capacity))
    errors.push(invalidValue(`${path}.min`, min, `min is larger than capacity value: ${capacity}`));
  if (above(min, chosen)) errors.push(invalidValue(`${path}.default`, chosen, `default is less than min: ${min}`));
  if (max !== undefined) {
    if (above(min, max)) errors.push(invalidValue(`${path}.max`, min, `min is larger than max: ${max}`));
    if (above(max, capacity))
      errors.push(invalidValue(`${path}.max`, max, `max is larger than capacity value: ${capacity}`));
    if (above(chosen, max)) errors.push(invalidValue(`${path}.default`, chosen, `default is more than max: ${max}`));
  }
  if (step === undefined) return errors;
  const size = parseQuantity(step);
  if (size.nanos <= 0n) return [...errors, invalidValue(`${path}.step`, step, 'must be greater than zero')];
  const one = formatQuantity(addQuantities(parseQuantity(min), size));
  if (above(one, capacity))
    errors.push(invalidValue(`${path}.step`, step, `one step ${one} is larger than capacity value: ${capacity}`));
  for (const value of [chosen, ...(max === undefined ? [] : [max])])
    if ((parseQuantity(value).nanos - parseQuantity(min).nanos) % size.nanos !== 0n)
      errors.push(
        invalidValue(`${path}.step`, value, `value is not a multiple of a given step (${step}) from (${min})`),
      );
  return errors;
}

function above(a: string, b: string): boolean {
  return compareQuantities(parseQuantity(a), parseQuantity(b)) > 0;
}
