// The devices that a driver publishes (KEP-4381).

import type { V1Device, V1ResourceSlice, V1ResourceSliceSpec } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, required, tooMany } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.ts';
import { quantityError } from '../../../machinery/quantity.ts';
import { immutable } from '../../metadata/validate.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const mostDevices = 128;
const mostAttributes = 32;

export const strategy = strategyFor<V1ResourceSlice>({
  generation: true,
  validate({ spec }) {
    const { driver, pool, devices = [] } = spec ?? {};
    const errors = requiredField(driver, dns1123Subdomain, 'spec.driver');
    errors.push(...requiredField(pool?.name, poolName, 'spec.pool.name'));
    if (!(pool && pool.resourceSliceCount > 0))
      errors.push(
        invalidValue('spec.pool.resourceSliceCount', pool?.resourceSliceCount ?? 0, 'must be greater than zero'),
      );
    if (pool && pool.generation < 0)
      errors.push(invalidValue('spec.pool.generation', pool.generation, 'must be greater than or equal to zero'));
    errors.push(...validatePlace(spec ?? {}, 'spec'));
    if (devices.length > mostDevices) errors.push(tooMany('spec.devices', devices.length, mostDevices));
    const names = new Set<string>();
    devices.forEach((device, index) => {
      const path = `spec.devices[${index}]`;
      errors.push(...validateDevice(device, spec?.perDeviceNodeSelection ?? false, path));
      if (device.name && names.has(device.name)) errors.push(duplicate(`${path}.name`, device.name));
      names.add(device.name);
    });
    return errors;
  },
  validateUpdate: (object, old) => [
    ...immutable(object.spec?.driver, old.spec?.driver, 'spec.driver'),
    ...immutable(object.spec?.pool?.name, old.spec?.pool?.name, 'spec.pool.name'),
    ...immutable(object.spec?.nodeName, old.spec?.nodeName, 'spec.nodeName'),
  ],
});

/** Segments of a path, each a domain: drivers name pools after nodes. */
function poolName(name: string): string[] {
  const errors = name.length > 253 ? ['must be no more than 253 characters'] : [];
  return [...errors, ...name.split('/').flatMap(dns1123Subdomain)];
}

type Place = Partial<Pick<V1ResourceSliceSpec, 'nodeName' | 'nodeSelector' | 'allNodes' | 'perDeviceNodeSelection'>>;

/** Where the devices can be used: said in exactly one way. */
function validatePlace(spec: Place, path: string): FieldError[] {
  const ways = ['`nodeName`', '`nodeSelector`', '`allNodes`', '`perDeviceNodeSelection`'];
  const given = [
    spec.nodeName !== undefined,
    spec.nodeSelector !== undefined,
    spec.allNodes,
    spec.perDeviceNodeSelection,
  ];
  const count = given.filter(Boolean).length;
  const list = ways.join(', ');
  const errors = spec.nodeName === undefined ? [] : requiredField(spec.nodeName, dns1123Subdomain, `${path}.nodeName`);
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const)
    if (spec[field] === false)
      errors.push(invalidValue(`${path}.${field}`, false, 'must be either unset or set to true'));
  if (count === 0) errors.push(required(path, `exactly one of ${list} is required`));
  if (count > 1)
    errors.push(
      invalidValue(
        path,
        `{${ways.filter((_, index) => given[index]).join(', ')}}`,
        `exactly one of ${list} is required, but multiple fields are set`,
      ),
    );
  return errors;
}

function validateDevice(device: V1Device, perDevice: boolean, path: string): FieldError[] {
  const errors = requiredField(device.name, dns1123Label, `${path}.name`);
  const { attributes = {}, capacity = {} } = device;
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > mostAttributes)
    errors.push(
      invalidValue(path, count, `the total number of attributes and capacities must not exceed ${mostAttributes}`),
    );
  for (const [name, value] of Object.entries(attributes)) {
    const at = `${path}.attributes[${name}]`;
    errors.push(...validateQualified(name, `${path}.attributes`));
    const set = Object.values(value).filter((each) => each !== undefined).length;
    if (set === 0) errors.push(required(at, 'exactly one value must be specified'));
    if (set > 1) errors.push(invalidValue(at, value, 'exactly one value must be specified'));
    if (value.string !== undefined && value.string.length > 64)
      errors.push({
        type: 'FieldValueTooLong',
        field: `${at}.string`,
        message: 'Too long: may not be more than 64 bytes',
      });
  }
  for (const [name, { value }] of Object.entries(capacity)) {
    errors.push(...validateQualified(name, `${path}.capacity`));
    const wrong = quantityError(value);
    if (wrong) errors.push(invalidValue(`${path}.capacity[${name}].value`, value, wrong));
  }
  const placed = device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined;
  if (placed && !perDevice)
    errors.push(
      invalidValue(
        path,
        device.name,
        '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ),
    );
  if (!placed && perDevice)
    errors.push(
      required(
        path,
        'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ),
    );
  return [...errors, ...optionalField(device.nodeName, dns1123Subdomain, `${path}.nodeName`)];
}

/** An identifier, with or without a domain. */
function validateQualified(name: string, path: string): FieldError[] {
  const parts = name.split('/');
  const id = parts.pop() ?? '';
  const errors = parts.length > 1 ? [invalidValue(path, name, 'must be of the form domain/name')] : [];
  if (parts.length === 1) errors.push(...requiredField(parts[0], dns1123Subdomain, path));
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(id))
    errors.push(invalidValue(path, id, 'must be a C identifier of at most 32 characters'));
  return errors;
}
