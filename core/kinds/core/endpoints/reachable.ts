// Addresses that no Service may lead to.

import { contains, parseCidr } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';

const ranges = [
  ['0.0.0.0/32', "may not be unspecified (0.0.0.0 or '::')"],
  ['::/128', "may not be unspecified (0.0.0.0 or '::')"],
  ['127.0.0.0/8', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['::1/128', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['169.254.0.0/16', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['fe80::/10', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['224.0.0.0/24', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ['ff02::/16', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
].flatMap(([range = '', why = '']) =>
  [range, mapped(range)].flatMap((each) => {
    const cidr = parseCidr(each);
    return cidr ? [{ cidr, why }] : [];
  }),
);

/** The same hosts as IPv6 writes them (RFC 4291, section 2.5.5.2): who connects to one reaches the other. */
function mapped(range: string): string {
  const [address = '', length] = range.split('/');
  return address.includes(':') ? '' : `::ffff:${address}/${96 + Number(length)}`;
}

/** An endpoint is somewhere else: an address of this host or link would lead to whoever asks (a service could read its node). */
export function validateReachable(address: string, path: string): FieldError[] {
  // A Service has thousands of them, nearly all of private networks.
  if (!mayBeUnreachable.test(address)) return [];
  return ranges.flatMap(({ cidr, why }) => (contains(cidr, address) ? [invalidValue(path, address, why)] : []));
}

/** Whether it may be an address of a Service at all: of this host itself, no Service may take what is sent there. */
export function isReachable(address: string): boolean {
  return validateReachable(address, '').length === 0;
}

/** How the addresses of the ranges below may begin, and all of IPv6, which has many ways to write one. */
const mayBeUnreachable = /^(?:0|127|169|224)\.|:/;
