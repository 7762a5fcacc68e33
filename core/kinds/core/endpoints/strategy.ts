// Endpoints.

import type { V1EndpointAddress, V1EndpointSubset, V1Endpoints } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain, portNumber } from '../../../machinery/names.ts';
import { warnOfAddress } from '../../rules/address-warnings.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { validateReachable } from './reachable.ts';

export const strategy = strategyFor<V1Endpoints>({
  createOnUpdate: true,
  validate: ({ subsets }) => (subsets ?? []).flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
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
