// Addresses that no Service may lead to.

import { contains, parseCidr } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';

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
export function validateReachable(address: string, path: string): FieldError[] {
  return unreachable.flatMap(([range, why]) => {
    const cidr = parseCidr(range);
    return cidr && contains(cidr, address) ? [invalidValue(path, address, why)] : [];
  });
}
