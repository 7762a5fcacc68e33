// EndpointSlices.

import type { DiscoveryV1EndpointPort, V1Endpoint, V1EndpointSlice } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain, labelValueErrors, qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { validateReachable } from '../../core/endpoints/reachable.ts';
import { immutable } from '../../metadata/validate.ts';
import { warnOfAddress } from '../../rules/address-warnings.ts';
import { validateAddress } from '../../rules/addresses.ts';
import { optionalField, type Rule } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const ownSlices = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io']);

const protocols = ['SCTP', 'TCP', 'UDP'];

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

const limits = { endpoints: 1000, addresses: 100, ports: 20_000, hints: 8 } as const;

export const strategy = strategyFor<V1EndpointSlice>({
  generation: true,
  conditionalUpdate: true,
  prepareForCreate: dropTopology,
  prepareForUpdate: dropTopology,
  validate({ addressType = '', endpoints, ports }, old) {
    const errors: FieldError[] = [];
    if (!addressType) errors.push(required('addressType'));
    else if (!addressTypes.includes(addressType)) errors.push(notSupported('addressType', addressType, addressTypes));
    errors.push(...validateSlicePorts(ports ?? []));
    // What is as it was need not meet rules that came later.
    if (!old || !semanticEqual(endpoints, old.endpoints))
      errors.push(...validateEndpoints(endpoints ?? [], addressType));
    return errors;
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

/** A field that v1 only shows: what an older version wrote there stands in `nodeName` and `zone`. */
function dropTopology({ endpoints }: V1EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

function validateEndpoints(endpoints: readonly V1Endpoint[], addressType: string): FieldError[] {
  if (endpoints.length > limits.endpoints) return [tooMany('endpoints', endpoints.length, limits.endpoints)];
  return endpoints.flatMap((each, index) => validateEndpoint(each, addressType, `endpoints[${index}]`));
}

function validateEndpoint(endpoint: V1Endpoint, addressType: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { addresses = [], hostname, nodeName, hints } = endpoint;
  const list = `${path}.addresses`;
  if (addresses.length === 0) errors.push(required(list, 'must contain at least 1 address'));
  else if (addresses.length > limits.addresses) errors.push(tooMany(list, addresses.length, limits.addresses));
  addresses.forEach((address, index) => {
    errors.push(...validateTarget(address, addressType, list, index));
  });
  if (nodeName !== undefined)
    errors.push(...dns1123Subdomain(nodeName).map((message) => invalidValue(`${path}.nodeName`, nodeName, message)));
  if (hostname !== undefined)
    errors.push(...dns1123Label(hostname).map((message) => invalidValue(`${path}.hostname`, hostname, message)));
  if (hints) {
    errors.push(...validateHints(hints.forZones ?? [], labelValueErrors, `${path}.hints.forZones`));
    errors.push(...validateHints(hints.forNodes ?? [], dns1123Subdomain, `${path}.hints.forNodes`));
  }
  return errors;
}

function validateTarget(address: string, addressType: string, list: string, index: number): FieldError[] {
  const path = `${list}[${index}]`;
  if (addressType === 'FQDN') return validateDomain(address, path);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const wrong = validateAddress(address, path);
  if (wrong.length > 0) return wrong;
  // Told of the list, as Kubernetes does.
  const other = familyOf(address) !== addressType;
  return [
    ...(other ? [invalidValue(list, address, `must be an ${addressType} address`)] : []),
    ...validateReachable(address, path),
  ];
}

function validateDomain(given: string, path: string): FieldError[] {
  if (given === '') return [required(path)];
  const name = given.replace(/\.$/, '');
  const wrong = dns1123Subdomain(name);
  if (wrong.length > 0) return [invalidValue(path, name, wrong.join(','))];
  const labels = name.split('.');
  if (labels.length < 2)
    return [invalidValue(path, name, 'should be a domain with at least two segments separated by dots')];
  return labels.flatMap((label) => {
    const messages = dns1123Label(label);
    return messages.length > 0 ? [invalidValue(path, label, messages.join(','))] : [];
  });
}

function validateHints(hints: readonly { name?: string }[], rule: Rule, path: string): FieldError[] {
  if (hints.length > limits.hints) return [tooMany(path, hints.length, limits.hints)];
  const seen = new Set<string>();
  return hints.flatMap(({ name = '' }, index) => {
    const at = `${path}[${index}].name`;
    const errors = seen.has(name) ? [duplicate(at, name)] : [];
    seen.add(name);
    return [...errors, ...rule(name).map((message) => invalidValue(at, name, message))];
  });
}

function validateSlicePorts(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  if (ports.length > limits.ports) return [tooMany('ports', ports.length, limits.ports)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = optionalField(name, dns1123Label, `${at}.name`);
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (protocol === undefined) errors.push(required(`${at}.protocol`));
    else if (!protocols.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (appProtocol !== undefined)
      for (const message of qualifiedNameErrors(appProtocol))
        errors.push(invalidValue(`${at}.appProtocol`, appProtocol, message));
    return errors;
  });
}
