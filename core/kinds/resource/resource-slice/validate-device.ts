// One device of a slice: what it has, who may use it, and where it is.

import type {
  V1Device,
  V1DeviceAttribute,
  V1NodeAllocatableResourceMapping,
} from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notFoundField, required, tooLong } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { validateNodeTerms } from '../../core/pod/validate-scheduling.ts';
import { limits } from '../limits.ts';
import { validateList, validateMap, validateSet } from '../lists.ts';
import { longestQualifiedName, validateLabelName, validateQualifiedName } from '../names.ts';
import { validateBinding, validateTaint } from '../taints.ts';
import { validateCapacity } from './validate-capacity.ts';
import { validateCounters } from './validate-counters.ts';
import { validateNodeName } from './validate-node-name.ts';

/** `old`: the device of that name before, whose parts are not judged again where they stay. `placed`: whether each says where it is. */
export function validateDevice(
  device: V1Device,
  old: V1Device | undefined,
  placed: boolean,
  path: string,
): FieldError[] {
  const { attributes = {}, capacity = {}, taints, allowMultipleAllocations } = device;
  const errors = validateLabelName(device.name, `${path}.name`);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > limits.attributes)
    errors.push(
      invalidValue(path, count, `the total number of attributes and capacities must not exceed ${limits.attributes}`),
    );
  const named = (field: string) => ({
    most: Number.POSITIVE_INFINITY,
    longestKey: longestQualifiedName,
    path: `${path}.${field}`,
  });
  errors.push(...validateMap(attributes, named('attributes'), validateQualifiedName, validateAttribute));
  if (!old || !semanticEqual(capacity, old.capacity))
    errors.push(
      ...validateMap(capacity, named('capacity'), validateQualifiedName, (each, at) =>
        validateCapacity(each, allowMultipleAllocations === true, at),
      ),
    );
  if (!old || !semanticEqual(taints, old.taints))
    errors.push(...validateList(taints, limits.taints, `${path}.taints`, validateTaint));
  return [
    ...errors,
    ...validateSet(
      device.consumesCounters,
      limits.consumed,
      `${path}.consumesCounters`,
      ({ counterSet }) => counterSet ?? '',
      ({ counterSet, counters }, at) => validateCounters(counterSet, counters, at, 'counterSet'),
    ),
    ...validatePlace(device, placed, path),
    ...validateBinding(device, path),
    ...validateMap(
      device.nodeAllocatableResourceMappings,
      named('nodeAllocatableResourceMappings'),
      () => [],
      (each, at) => validateMapping(each, capacity, at),
    ),
  ];
}

const longestValue = 64;
const version =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

/** Exactly one value, of one type or a list of it. */
function validateAttribute(attribute: V1DeviceAttribute, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (attribute.string !== undefined) errors.push(...validateLength(attribute.string, `${path}.string`));
  if (attribute.version !== undefined) errors.push(...validateVersion(attribute.version, `${path}.version`));
  for (const list of ['bools', 'ints', 'strings', 'versions'] as const)
    if (attribute[list]?.length === 0)
      errors.push(invalidValue(`${path}.${list}`, [], 'must not be empty if specified'));
  attribute.strings?.forEach((each, index) => {
    errors.push(...validateLength(each, `${path}.strings[${index}]`));
  });
  attribute.versions?.forEach((each, index) => {
    errors.push(...validateVersion(each, `${path}.versions[${index}]`));
  });
  const count = Object.values(attribute).filter((each) => each !== undefined).length;
  if (count !== 1) errors.push(invalidValue(path, count === 0 ? '' : attribute, 'exactly one value must be specified'));
  return errors;
}

function validateLength(value: string, path: string): FieldError[] {
  return Buffer.byteLength(value) > longestValue ? [tooLong(path, longestValue)] : [];
}

function validateVersion(value: string, path: string): FieldError[] {
  // The pattern is tried on no more than may match it: its time grows with the text.
  if (value.length > longestValue) return validateLength(value, path);
  return version.test(value)
    ? []
    : [invalidValue(path, value, 'must be a string compatible with semver.org spec 2.0.0')];
}

const elsewhere =
  '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
const here =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function validatePlace({ nodeName, nodeSelector, allNodes }: V1Device, placed: boolean, path: string): FieldError[] {
  if (!placed) {
    const said = nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined;
    return said ? [invalidValue(path, null, elsewhere)] : [];
  }
  const given: string[] = [];
  const errors: FieldError[] = [];
  if (nodeName) {
    given.push('`nodeName`');
    errors.push(...validateNodeName(nodeName, `${path}.nodeName`));
  } else if (nodeName === '') errors.push(invalidValue(`${path}.nodeName`, '', 'must not be empty'));
  if (nodeSelector) {
    given.push('`nodeSelector`');
    errors.push(...validateNodeTerms(nodeSelector.nodeSelectorTerms, `${path}.nodeSelector.nodeSelectorTerms`));
  }
  if (allNodes) given.push('`allNodes`');
  else if (allNodes === false)
    errors.push(invalidValue(`${path}.allNodes`, false, 'must be either unset or set to true'));
  if (given.length === 0) errors.push(required(path, here));
  if (given.length > 1) errors.push(invalidValue(path, `{${given.join(', ')}}`, here));
  return errors;
}

/** What a device takes of its node's resources, by its count or by a capacity of its own. */
function validateMapping(
  { capacityKey, allocationMultiplier }: V1NodeAllocatableResourceMapping,
  capacity: Readonly<Record<string, unknown>>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (capacityKey === '')
    errors.push(invalidValue(`${path}.capacityKey`, '', 'capacityKey must not be an empty string'));
  else if (capacityKey !== undefined && getOwn(capacity, capacityKey) === undefined)
    errors.push(notFoundField(`${path}.capacityKey`, capacityKey));
  if (allocationMultiplier !== undefined && parseQuantity(allocationMultiplier).nanos <= 0n)
    errors.push(invalidValue(`${path}.allocationMultiplier`, allocationMultiplier, 'must be positive'));
  return errors;
}
