// Endpoints.

import type {
  CoreV1EndpointPort,
  V1EndpointAddress,
  V1EndpointSubset,
  V1Endpoints,
} from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfAddress } from '../../rules/address-warnings.ts';
import { validateAddress } from '../../rules/addresses.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { validateReachable } from './reachable.ts';

export const strategy = strategyFor<V1Endpoints>({
  createOnUpdate: true,
  // What is as it was need not meet rules that came later.
  validate: ({ subsets }, old) =>
    old && semanticEqual(subsets, old.subsets)
      ? []
      : (subsets ?? []).flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
  warnings({ metadata, subsets }) {
    if (metadata?.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
    return (subsets ?? []).flatMap((subset, index) =>
      (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
        (subset[list] ?? []).flatMap(({ ip }, place) => warnOfAddress(ip, `subsets[${index}].${list}[${place}].ip`)),
      ),
    );
  },
});

function validateSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: V1EndpointSubset,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0)
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  addresses.forEach((each, index) => {
    errors.push(...validatePlace(each, `${path}.addresses[${index}]`));
  });
  notReadyAddresses.forEach((each, index) => {
    errors.push(...validatePlace(each, `${path}.notReadyAddresses[${index}]`));
  });
  ports.forEach((port, index) => {
    errors.push(...validatePort(port, ports.length > 1, `${path}.ports[${index}]`));
  });
  return errors;
}

const protocols = ['SCTP', 'TCP', 'UDP'];

function validatePort(
  { name, port = 0, protocol, appProtocol }: CoreV1EndpointPort,
  named: boolean,
  path: string,
): FieldError[] {
  const errors = named && !name ? [required(`${path}.name`)] : optionalField(name, dns1123Label, `${path}.name`);
  errors.push(...portNumber(port).map((message) => invalidValue(`${path}.port`, port, message)));
  if (!protocol) errors.push(required(`${path}.protocol`));
  else if (!protocols.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, protocols));
  if (appProtocol !== undefined)
    for (const message of qualifiedNameErrors(appProtocol))
      errors.push(invalidValue(`${path}.appProtocol`, appProtocol, message));
  return errors;
}

function validatePlace({ ip = '', hostname, nodeName }: V1EndpointAddress, path: string): FieldError[] {
  const at = `${path}.ip`;
  const errors = [...validateAddress(ip, at), ...optionalField(hostname, dns1123Label, `${path}.hostname`)];
  if (nodeName !== undefined)
    errors.push(...dns1123Subdomain(nodeName).map((message) => invalidValue(`${path}.nodeName`, nodeName, message)));
  return [
    ...errors,
    ...(familyOf(ip) ? validateReachable(ip, at) : [invalidValue(at, ip, 'must be a valid IP address')]),
  ];
}
