// Validation of resource requests and limits.

import type { V1ResourceRequirements } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../../machinery/quantity.ts';

const standard = new Set(['cpu', 'memory', 'ephemeral-storage']);

export function validateResources(resources: V1ResourceRequirements, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['limits', 'requests'] as const) {
    for (const [name, value] of Object.entries(resources[list] ?? {})) {
      errors.push(...validateResourceName(name, `${path}.${list}`));
      errors.push(...validateAmount(value, `${path}.${list}[${name}]`));
    }
  }
  if (errors.length > 0) return errors;
  for (const [name, request] of Object.entries(resources.requests ?? {})) {
    const limit = resources.limits?.[name];
    const exact = !standard.has(name) && !name.startsWith('hugepages-');
    if (limit === undefined) {
      if (exact)
        errors.push(invalidValue(`${path}.limits`, name, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (order > 0)
      errors.push(invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    else if (exact && order !== 0)
      errors.push(invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
  }
  return errors;
}

/** A quantity that is zero or more. */
export function validateAmount(value: string, path: string): FieldError[] {
  const wrong = quantityError(value);
  if (wrong) return [invalidValue(path, value, wrong)];
  return parseQuantity(value).nanos < 0n ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
}

function validateResourceName(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(path, name, message));
  if (errors.length > 0) return errors;
  if (!name.includes('/') && !standard.has(name) && !name.startsWith('hugepages-')) {
    return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
  }
  return [];
}
