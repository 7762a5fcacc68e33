// Addresses and ranges as fields of the API take them since 1.36 (KEP-4858): no leading zeros, which some read as octal; no IPv4 inside
// IPv6; no bits of a range beyond its prefix. What an object had before it may keep.

import { addressAt, canonicalAddress, familyOf, parseCidr } from '../../machinery/cidr.ts';
import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { mappedAddress, withoutZeros } from './address-warnings.ts';

const notAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const notCidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

const nothing: readonly string[] = [];

/** `known`: the values that the object had in such fields. */
export function validateAddress(value: string | undefined, path: string, known = nothing): FieldError[] {
  const why = addressFault(value ?? '');
  return why === undefined || known.includes(value ?? '') ? [] : [invalidValue(path, value ?? '', why)];
}

/** `known`: the values that the object had in such fields. */
export function validateCidr(value: string | undefined, path: string, known = nothing): FieldError[] {
  const why = cidrFault(value ?? '');
  return why === undefined || known.includes(value ?? '') ? [] : [invalidValue(path, value ?? '', why)];
}

/** As `validateCidr`, in the one form that fields made after these rules take. */
export function validateCanonicalCidr(value: string, path: string): FieldError[] {
  const why = cidrFault(value);
  if (why !== undefined) return [invalidValue(path, value, why)];
  const cidr = parseCidr(value);
  const canonical = cidr && `${addressAt(cidr, 0n)}/${value.split('/')[1]}`;
  return canonical === value
    ? []
    : [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** An interface's address with the length of its network, in the one form. */
export function validateInterfaceAddress(value: string, path: string): FieldError[] {
  const [address = '', length = '', ...more] = value.split('/');
  const plain = withoutZeros(address);
  if (more.length > 0 || !parseCidr(`${plain}/${length}`))
    return [invalidValue(path, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')];
  const mapped = mappedAddress(plain);
  const bits = mapped === undefined || Number(length) <= 32 ? Number(length) : Number(length) - 96;
  const canonical = `${mapped ?? canonicalAddress(plain)}/${bits}`;
  return canonical === value
    ? []
    : [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** Undefined for an address. */
export function addressFault(value: string): string | undefined {
  if (familyOf(value)) return isMapped(value) ? 'must not be an IPv4-mapped IPv6 address' : undefined;
  return familyOf(withoutZeros(value)) ? 'must not have leading 0s' : notAddress;
}

function cidrFault(value: string): string | undefined {
  const [address = '', length = ''] = value.split('/');
  if (!parseCidr(value) || /^0[0-9]/.test(length)) {
    const plain = value.split('/').length === 2 && `${withoutZeros(address)}/${length.replace(/^0+(?=[0-9])/, '')}`;
    return plain && parseCidr(plain) ? 'must not have leading 0s in IP or prefix length' : notCidr;
  }
  if (isMapped(address)) return 'must not have an IPv4-mapped IPv6 address';
  const cidr = parseCidr(value);
  return cidr && addressAt(cidr, 0n) !== canonicalAddress(address)
    ? 'must not have bits set beyond the prefix length'
    : undefined;
}

/** Whether it is an IPv4 address in an IPv6 one (`::ffff:a.b.c.d`), however it is written. */
function isMapped(address: string): boolean {
  return address.includes(':') && /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/.test(canonicalAddress(address));
}
