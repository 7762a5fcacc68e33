// The status of a ResourceClaim: who may use it, what was allocated for it, and what drivers say of each device.

import type {
  ResourceV1ResourceClaim,
  V1AllocatedDeviceStatus,
  V1AllocationResult,
  V1DeviceAllocationConfiguration,
  V1DeviceRequestAllocationResult,
  V1NetworkDeviceData,
  V1ResourceClaimConsumerReference,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { validateNodeTerms } from '../../core/pod/validate-scheduling.ts';
import { immutable } from '../../metadata/validate.ts';
import { validateInterfaceAddress } from '../../rules/addresses.ts';
import { validateConditions } from '../../rules/conditions.ts';
import { validateDriverName } from '../../storage/driver-name.ts';
import { requestNames, validateReference, validateReferences } from '../claim-spec.ts';
import { validateData, validateOpaque } from '../device-rules.ts';
import { limits } from '../limits.ts';
import { validateList, validateSet } from '../lists.ts';
import { validateLabelName, validatePoolName, validateShareId } from '../names.ts';
import { validateBinding, validateTolerations } from '../taints.ts';

const longest = { interfaceName: 256, hardwareAddress: 128 } as const;

export function validateClaimStatus(claim: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): FieldError[] {
  const { reservedFor = [], allocation, devices } = claim.status ?? {};
  const before = old.status?.allocation;
  const allocated = new Set(allocation?.devices?.results?.map(deviceKey));
  const errors = [
    ...validateSet(reservedFor, limits.reservedFor, 'status.reservedFor', ({ uid }) => uid ?? '', validateConsumer),
    ...validateSet(devices, Number.POSITIVE_INFINITY, 'status.devices', deviceKey, (each, path) =>
      validateDeviceStatus(each, allocated, path),
    ),
  ];
  if (reservedFor.length > 0) {
    const added = reservedFor.filter((each) => !old.status?.reservedFor?.some((was) => semanticEqual(was, each)));
    if (!allocation)
      errors.push(forbiddenField('status.reservedFor', 'may not be specified when `allocated` is not set'));
    else if (claim.metadata.deletionTimestamp && added.length > 0)
      errors.push(
        forbiddenField(
          'status.reservedFor',
          'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
        ),
      );
  }
  // An allocation is made and taken back, and never changes.
  if (allocation && before) errors.push(...immutable(allocation, before, 'status.allocation'));
  else if (allocation)
    errors.push(...validateAllocation(allocation, requestNames(claim.spec?.devices), 'status.allocation'));
  return errors;
}

/** A device, or a share of one, in Kubernetes' form. */
function deviceKey({
  driver,
  pool,
  device,
  shareID,
}: Pick<V1AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>): string {
  return [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');
}

function validateConsumer({ resource, name, uid }: V1ResourceClaimConsumerReference, path: string): FieldError[] {
  return Object.entries({ resource, name, uid }).flatMap(([field, value]) =>
    value ? [] : [required(`${path}.${field}`)],
  );
}

function validateAllocation(
  { devices, nodeSelector }: V1AllocationResult,
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors = [
    ...validateList(devices?.results, limits.results, `${path}.devices.results`, (each, at) =>
      validateResult(each, names, at),
    ),
    // Of the class and of the claim.
    ...validateList(devices?.config, 2 * limits.configs, `${path}.devices.config`, (each, at) =>
      validateConfiguration(each, names, at),
    ),
  ];
  if (nodeSelector)
    errors.push(...validateNodeTerms(nodeSelector.nodeSelectorTerms, `${path}.nodeSelector.nodeSelectorTerms`));
  return errors;
}

function validateResult(
  result: V1DeviceRequestAllocationResult,
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  return [
    ...validateReference(result.request, names, `${path}.request`),
    ...validateDriverName(result.driver, `${path}.driver`),
    ...validatePoolName(result.pool, `${path}.pool`),
    ...validateLabelName(result.device, `${path}.device`),
    ...validateBinding(result, path),
    ...validateTolerations(result.tolerations, `${path}.tolerations`),
    ...validateShareId(result.shareID, `${path}.shareID`),
  ];
}

const sources = ['FromClaim', 'FromClass'];

function validateConfiguration(
  { source, requests, opaque }: V1DeviceAllocationConfiguration,
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const at = `${path}.source`;
  const wrong = source ? notSupported(at, source, sources) : required(at);
  return [
    ...(sources.includes(source) ? [] : [wrong]),
    ...validateReferences(requests, names, `${path}.requests`),
    ...validateOpaque(opaque, path),
  ];
}

function validateDeviceStatus(
  status: V1AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const { conditions, data } = status;
  const errors = [
    ...validateDriverName(status.driver, `${path}.driver`),
    ...validatePoolName(status.pool, `${path}.pool`),
    ...validateLabelName(status.device, `${path}.device`),
    ...validateShareId(status.shareID, `${path}.shareID`),
  ];
  const key = deviceKey(status);
  if (!allocated.has(key)) errors.push(invalidValue(path, key, 'must be an allocated device in the claim'));
  if (conditions && conditions.length > limits.deviceConditions)
    errors.push(tooMany(`${path}.conditions`, conditions.length, limits.deviceConditions));
  errors.push(...validateConditions(conditions ?? [], `${path}.conditions`));
  if (data !== undefined && data !== null) errors.push(...validateData(data, `${path}.data`));
  return [...errors, ...validateNetwork(status.networkData, `${path}.networkData`)];
}

function validateNetwork(data: V1NetworkDeviceData | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['interfaceName', 'hardwareAddress'] as const)
    if (Buffer.byteLength(data?.[field] ?? '') > longest[field])
      errors.push(tooLong(`${path}.${field}`, longest[field]));
  return [
    ...errors,
    ...validateSet(data?.ips, limits.addresses, `${path}.ips`, (each) => each, validateInterfaceAddress),
  ];
}
