// What a pod asks for as a whole (KEP-2837): no less than its containers ask for together, no less than one of them may take.

import type { V1PodSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { compareQuantities, formatQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import { inQuantities, podTotal } from './semantics/resources.ts';
import { validateResourceName, validateResources } from './validate-resources.ts';

const none: ReadonlySet<string> = new Set();

export function validatePodResources(spec: V1PodSpec, path: string): FieldError[] {
  const { resources, ...rest } = spec;
  if (!resources) return [];
  const errors = resources.claims
    ? [forbiddenField(`${path}.claims`, 'claims cannot be set for Resources at pod-level')]
    : [];
  errors.push(...validateResources(resources, none, path, validateName));
  for (const [name, sum] of podTotal(rest, 'requests', inQuantities, { overhead: 'without' })) {
    const request = getOwn(resources.requests, name) ?? '0';
    if (isOfPods(name) && compareQuantities(sum, parseQuantity(request)) > 0)
      errors.push(
        invalidValue(
          `${path}.requests[${name}]`,
          request,
          `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`,
        ),
      );
  }
  spec.containers?.forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const most = getOwn(resources.limits, name);
      if (most !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(most)) > 0)
        errors.push(
          invalidValue(
            `${path}.containers[${index}][${name}].limits`,
            limit,
            `must be less than or equal to pod limits of ${most}`,
          ),
        );
    }
  });
  return errors;
}

function validateName(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (errors.length > 0 || isOfPods(name)) return errors;
  return [notSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

function isOfPods(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}
