// Where Services lead: Endpoints and EndpointSlices.

import type {
  DiscoveryV1EndpointPort,
  V1Endpoint,
  V1EndpointAddress,
  V1EndpointSlice,
  V1EndpointSubset,
  V1Endpoints,
} from '../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts';
import { validateLabels } from '../../machinery/labels.ts';
import { dns1123Label, dns1123Subdomain, portNumber } from '../../machinery/names.ts';
import { contains, familyOf, parseCidr } from '../allocate/cidr.ts';
import { immutable } from '../metadata/validate.ts';
import { strategy } from '../strategy.ts';
import { optionalField } from './field-rule.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];

export const endpoints = strategy<V1Endpoints>({
  createOnUpdate: true,
  validate: ({ subsets }) => (subsets ?? []).flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
});

function validateSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: V1EndpointSubset,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0)
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  addresses.forEach((each, index) => {
    errors.push(...validateAddress(each, `${path}.addresses[${index}]`));
  });
  notReadyAddresses.forEach((each, index) => {
    errors.push(...validateAddress(each, `${path}.notReadyAddresses[${index}]`));
  });
  ports.forEach(({ name, port }, index) => {
    const at = `${path}.ports[${index}]`;
    if (!name && ports.length > 1) errors.push(required(`${at}.name`));
    errors.push(...optionalField(name, dns1123Label, `${at}.name`));
    for (const message of portNumber(port)) errors.push(invalidValue(`${at}.port`, port ?? 0, message));
  });
  return errors;
}

function validateAddress({ ip, hostname, nodeName }: V1EndpointAddress, path: string): FieldError[] {
  const errors = familyOf(ip ?? '')
    ? validateReachable(ip, `${path}.ip`)
    : [invalidValue(`${path}.ip`, ip ?? '', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  return [
    ...errors,
    ...optionalField(hostname, dns1123Label, `${path}.hostname`),
    ...optionalField(nodeName, dns1123Subdomain, `${path}.nodeName`),
  ];
}

const unreachable: readonly (readonly [string, string])[] = [
  ['0.0.0.0/32', "may not be unspecified (0.0.0.0 or '::')"],
  ['::/128', "may not be unspecified (0.0.0.0 or '::')"],
  ['127.0.0.0/8', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['::1/128', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['169.254.0.0/16', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['fe80::/10', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['224.0.0.0/24', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ['ff02::/16', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** An endpoint is somewhere else: an address of this host or link would lead to whoever asks (a service could read its node). */
function validateReachable(address: string, path: string): FieldError[] {
  return unreachable.flatMap(([range, why]) => {
    const cidr = parseCidr(range);
    return cidr && contains(cidr, address) ? [invalidValue(path, address, why)] : [];
  });
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const limits = { endpoints: 1000, addresses: 100, ports: 20_000, zones: 8 } as const;

export const endpointSlice = strategy<V1EndpointSlice>({
  generation: true,
  conditionalUpdate: true,
  validate({ addressType, endpoints, ports: given }) {
    const list = endpoints ?? [];
    const ports = given ?? [];
    if (!addressType) return [required('addressType')];
    if (!addressTypes.includes(addressType)) return [notSupported('addressType', addressType, addressTypes)];
    if (list.length > limits.endpoints) return [tooMany('endpoints', list.length, limits.endpoints)];
    const errors = list.flatMap((each, index) => validateEndpoint(each, addressType, `endpoints[${index}]`));
    if (ports.length > limits.ports) return [...errors, tooMany('ports', ports.length, limits.ports)];
    return [...errors, ...validateSlicePorts(ports)];
  },
  validateUpdate: (object, old) => immutable(object.addressType, old.addressType, 'addressType'),
});

function validateEndpoint(endpoint: V1Endpoint, addressType: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { addresses = [], hostname, nodeName, deprecatedTopology, hints } = endpoint;
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > limits.addresses)
    errors.push(tooMany(`${path}.addresses`, addresses.length, limits.addresses));
  addresses.forEach((address, index) => {
    const at = `${path}.addresses[${index}]`;
    if (addressType === 'FQDN') errors.push(...optionalField(address, dns1123Subdomain, at));
    else if (familyOf(address) !== addressType)
      errors.push(invalidValue(at, address, `must be an ${addressType} address`));
    else errors.push(...validateReachable(address, at));
  });
  errors.push(...optionalField(hostname, dns1123Label, `${path}.hostname`));
  errors.push(...optionalField(nodeName, dns1123Subdomain, `${path}.nodeName`));
  errors.push(...validateLabels(deprecatedTopology, `${path}.deprecatedTopology`));
  if (deprecatedTopology?.['kubernetes.io/hostname'] !== undefined)
    errors.push(
      forbiddenField(
        `${path}.deprecatedTopology[kubernetes.io/hostname]`,
        'may not be specified, use `nodeName` instead',
      ),
    );
  const zones = hints?.forZones ?? [];
  if (zones.length > limits.zones) errors.push(tooMany(`${path}.hints.forZones`, zones.length, limits.zones));
  return errors;
}

function validateSlicePorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, port, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = optionalField(name, dns1123Label, `${at}.name`);
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (!protocol) errors.push(required(`${at}.protocol`));
    else if (!protocols.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (port !== undefined)
      for (const message of portNumber(port)) errors.push(invalidValue(`${at}.port`, port, message));
    if (appProtocol !== undefined && /\s/.test(appProtocol))
      errors.push(invalidValue(`${at}.appProtocol`, appProtocol, 'must not contain white space'));
    return errors;
  });
}
