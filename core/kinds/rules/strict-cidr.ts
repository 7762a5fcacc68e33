// Address ranges as newer API fields demand them (KEP-4858): no leading zeros, no bits beyond the prefix.

import { addressAt, canonicalAddress, parseCidr } from '../../machinery/cidr.ts';
import { type FieldError, invalidValue } from '../../machinery/field-error.ts';

export function strictCidr(value: string, path: string): FieldError[] {
  const cidr = parseCidr(value);
  if (!cidr) return [invalidValue(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  const [address = '', length = ''] = value.split('/');
  const network = `${addressAt(cidr, 0n)}/${length}`;
  if (canonicalAddress(address) === addressAt(cidr, 0n)) return [];
  return [
    invalidValue(
      path,
      value,
      `must not have bits set beyond the prefix length (perhaps you meant ${JSON.stringify(network)}?)`,
    ),
  ];
}
