// Kinds of storage.k8s.io: drivers, their nodes and capacities, attachments, and classes.

import type {
  StorageV1TokenRequest,
  V1CSIDriver,
  V1CSINode,
  V1CSINodeDriver,
  V1CSIStorageCapacity,
  V1StorageClass,
  V1VolumeAttachment,
  V1VolumeAttributesClass,
} from '../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { dns1123Subdomain, qualifiedNameErrors } from '../../machinery/names.ts';
import { named } from '../metadata/name-rule.ts';
import { immutable } from '../metadata/validate.ts';
import { semanticEqual } from '../semantic-equal.ts';
import { strategy } from '../strategy.ts';
import { requiredField } from './field-rule.ts';
import { validateAmount } from './pod/validate-resources.ts';

/** A driver's name is a domain, in any case, of the length of a label. */
function driverName(name: string): string[] {
  const errors = name.length > 63 ? ['must be no more than 63 characters'] : [];
  return [...errors, ...dns1123Subdomain(name.toLowerCase())];
}

const lifecycleModes = ['Ephemeral', 'Persistent'];
const tokenSeconds = { least: 600, most: 2 ** 32 } as const;

export const csiDriver = strategy<V1CSIDriver>({
  generation: true,
  validateName: named(driverName),
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    for (const each of spec.volumeLifecycleModes ?? [])
      if (!lifecycleModes.includes(each)) errors.push(notSupported('spec.volumeLifecycleModes', each, lifecycleModes));
    errors.push(...validateTokens(spec.tokenRequests ?? [], 'spec.tokenRequests'));
    const period = spec.nodeAllocatableUpdatePeriodSeconds;
    if (period !== undefined && period < 10)
      errors.push(
        invalidValue('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'),
      );
    return errors;
  },
  validateUpdate: (object, old) => [
    ...immutable(object.spec?.attachRequired, old.spec?.attachRequired, 'spec.attachedRequired'),
    ...immutable(object.spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
  ],
});

function validateTokens(tokens: readonly StorageV1TokenRequest[], path: string): FieldError[] {
  const audiences = new Set<string>();
  return tokens.flatMap(({ audience = '', expirationSeconds: seconds }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (audiences.has(audience)) errors.push(duplicate(`${at}.audience`, audience));
    audiences.add(audience);
    if (seconds !== undefined && seconds < tokenSeconds.least)
      errors.push(invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds !== undefined && seconds > tokenSeconds.most)
      errors.push(
        invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
      );
    return errors;
  });
}

const longestNodeId = 192;

export const csiNode = strategy<V1CSINode>({
  conditionalUpdate: true,
  validate({ spec }) {
    const drivers = spec?.drivers ?? [];
    const names = new Set<string>();
    return drivers.flatMap((driver, index) => {
      const path = `spec.drivers[${index}]`;
      const errors = validateNodeDriver(driver, path);
      if (driver.name && names.has(driver.name)) errors.push(duplicate(`${path}.name`, driver.name));
      names.add(driver.name);
      return errors;
    });
  },
  validateUpdate(object, old) {
    // A driver that leaves and comes back may be another; one that stays does not change.
    const before = new Map((old.spec?.drivers ?? []).map((each) => [each.name, withoutLimits(each)]));
    return (object.spec?.drivers ?? []).flatMap((driver, index) => {
      const known = before.get(driver.name);
      return !known || semanticEqual(known, withoutLimits(driver))
        ? []
        : [invalidValue(`spec.drivers[${index}]`, driver, 'field is immutable')];
    });
  },
});

/** How many volumes a node takes may change (KEP-4876). */
function withoutLimits({ allocatable: _, ...driver }: V1CSINodeDriver): object {
  return driver;
}

function validateNodeDriver({ name, nodeID, topologyKeys, allocatable }: V1CSINodeDriver, path: string): FieldError[] {
  const errors = requiredField(name, driverName, `${path}.name`);
  if (!nodeID) errors.push(required(`${path}.nodeID`));
  else if (nodeID.length > longestNodeId)
    errors.push(invalidValue(`${path}.nodeID`, nodeID, `must be ${longestNodeId} characters or less`));
  if (allocatable?.count !== undefined && allocatable.count < 0)
    errors.push(invalidValue(`${path}.allocatable.count`, allocatable.count, 'must be greater than or equal to 0'));
  const keys = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (!key) errors.push(required(`${path}.topologyKeys`));
    else if (keys.has(key)) errors.push(duplicate(`${path}.topologyKeys`, key));
    else
      for (const message of qualifiedNameErrors(key)) errors.push(invalidValue(`${path}.topologyKeys`, key, message));
    keys.add(key);
  }
  return errors;
}

export const volumeAttachment = strategy<V1VolumeAttachment>({
  conditionalUpdate: true,
  validate({ spec }) {
    const { attacher, nodeName, source } = spec ?? {};
    const path = 'spec.source';
    const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    const inline = source?.inlineVolumeSpec !== undefined;
    const byName = source?.persistentVolumeName !== undefined;
    const errors = requiredField(attacher, driverName, 'spec.attacher');
    if (inline && byName) errors.push(forbiddenField(path, one));
    else if (!inline && !byName) errors.push(required(path, one));
    else if (source?.persistentVolumeName === '')
      errors.push(required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
    return [...errors, ...requiredField(nodeName, dns1123Subdomain, 'spec.nodeName')];
  },
  validateUpdate: (object, old) =>
    semanticEqual(object.spec, old.spec) ? [] : [invalidValue('spec', object.spec, 'field is immutable')],
});

const parameterBytes = 256 * 1024;

function validateParameters(parameters: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(parameters)) {
    if (key === '') errors.push(invalidValue(path, key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > parameterBytes)
    errors.push({
      type: 'FieldValueTooLong',
      field: path,
      message: `Too long: may not be more than ${parameterBytes} bytes`,
    });
  return errors;
}

const provisionerName = (name: string) => qualifiedNameErrors(name.toLowerCase());

export const storageClass = strategy<V1StorageClass>({
  validate: ({ provisioner, parameters }) => [
    ...requiredField(provisioner, provisionerName, 'provisioner'),
    ...validateParameters(parameters ?? {}, 'parameters'),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (!semanticEqual(object.parameters, old.parameters))
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
    if (object.provisioner !== old.provisioner)
      errors.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'));
    if (object.reclaimPolicy !== old.reclaimPolicy)
      errors.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
    return [...errors, ...immutable(object.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode')];
  },
});

export const volumeAttributesClass = strategy<V1VolumeAttributesClass>({
  validate: ({ driverName: driver, parameters }) => [
    ...requiredField(driver, provisionerName, 'driverName'),
    ...(Object.keys(parameters ?? {}).length === 0
      ? [required('parameters', 'must contain at least one key/value pair')]
      : validateParameters(parameters ?? {}, 'parameters')),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (object.driverName !== old.driverName)
      errors.push(forbiddenField('driverName', 'updates to driverName are forbidden.'));
    if (!semanticEqual(object.parameters, old.parameters))
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
    return errors;
  },
});

export const csiStorageCapacity = strategy<V1CSIStorageCapacity>({
  validate({ nodeTopology, storageClassName, capacity, maximumVolumeSize }) {
    const errors = validateLabelSelector(nodeTopology, 'nodeTopology');
    errors.push(...requiredField(storageClassName, dns1123Subdomain, 'storageClassName'));
    if (capacity !== undefined) errors.push(...validateAmount(capacity, 'capacity'));
    if (maximumVolumeSize !== undefined) errors.push(...validateAmount(maximumVolumeSize, 'maximumVolumeSize'));
    return errors;
  },
  validateUpdate: (object, old) => [
    ...immutable(object.nodeTopology, old.nodeTopology, 'nodeTopology'),
    ...immutable(object.storageClassName, old.storageClassName, 'storageClassName'),
  ],
});
