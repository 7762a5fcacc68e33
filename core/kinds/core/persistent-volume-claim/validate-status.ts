// What drivers and controllers say of a claim's size.

import type { V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { parseQuantity, quantityError } from '../../../machinery/quantity.ts';

const progress = [
  ...['ControllerResizeFailed', 'ControllerResizeInProgress'],
  ...['NodeResizeFailed', 'NodeResizeInProgress', 'NodeResizePending'],
];

export function validateClaimStatus({ status }: V1PersistentVolumeClaim): FieldError[] {
  const errors = Object.entries(status?.capacity ?? {}).flatMap(([name, size]) =>
    validateAmount(size, `status.capacity[${name}]`),
  );
  // The name of the field is told as Kubernetes tells it.
  const at = 'status.allocatedResourceStatus';
  for (const [name, value] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    errors.push(...validateName(name, at));
    if (!progress.includes(value)) errors.push(notSupported(at, name, progress));
  }
  for (const [name, size] of Object.entries(status?.allocatedResources ?? {})) {
    const wrong = validateName(name, 'status.allocatedResources');
    errors.push(...(wrong.length > 0 ? wrong : validateAmount(size, `status.allocatedResources[${name}]`)));
  }
  return errors;
}

/** Of Kubernetes' own names only that of storage; others are for drivers to give. */
function validateName(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(path, name, message));
  const own = !name.includes('/') || name.includes('kubernetes.io/');
  return errors.length > 0 || !own || name === 'storage' ? errors : [notSupported(path, name, ['storage'])];
}

function validateAmount(size: string, path: string): FieldError[] {
  const wrong = quantityError(size);
  if (wrong) return [invalidValue(path, size, wrong)];
  return parseQuantity(size).nanos < 0n ? [invalidValue(path, size, 'must be a valid resource quantity')] : [];
}
