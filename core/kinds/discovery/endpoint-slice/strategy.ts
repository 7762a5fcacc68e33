// EndpointSlices.

import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointSlice } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedNameErrors } from '../../../machinery/names.ts';
import { validateReachable } from '../../core/endpoints/reachable.ts';
import { immutable } from '../../metadata/validate.ts';
import { warnOfAddress } from '../../rules/address-warnings.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const ownSlices = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']);

const protocols = ['SCTP', 'TCP', 'UDP'];

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

const limits = { endpoints: 1000, addresses: 100, ports: 20_000, zones: 8 } as const;

export const strategy = strategyFor<V1EndpointSlice>({
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
  warnings({ metadata, addressType, endpoints }) {
    // Controllers of the cluster write canonical addresses, and many.
    if (ownSlices.has(metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')) return [];
    // The field is written as Kubernetes writes it.
    if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated'];
    return (endpoints ?? []).flatMap(({ addresses }, index) =>
      (addresses ?? []).flatMap((address, place) => warnOfAddress(address, `endpoints[${index}].addresses[${place}]`)),
    );
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
    if (appProtocol !== undefined)
      for (const message of qualifiedNameErrors(appProtocol))
        errors.push(invalidValue(`${at}.appProtocol`, appProtocol, message));
    return errors;
  });
}
