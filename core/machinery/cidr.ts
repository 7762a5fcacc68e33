// Addresses of a CIDR by number. Big integers, so that one arithmetic serves both families.

import { isIP } from 'node:net';

export interface Cidr {
  readonly text: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly first: bigint;
  readonly size: bigint;
}

/** Undefined for text that is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = ''] = text.split('/');
  const family = familyOf(address);
  const bits = family === 'IPv4' ? 32 : 128;
  if (!family || !/^[0-9]{1,3}$/.test(length) || Number(length) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(length));
  return { text, family, first: (addressNumber(address) / size) * size, size };
}

export function familyOf(address: string): 'IPv4' | 'IPv6' | undefined {
  const version = isIP(address);
  return version === 4 ? 'IPv4' : version === 6 ? 'IPv6' : undefined;
}

export function contains(cidr: Cidr, address: string): boolean {
  if (familyOf(address) !== cidr.family) return false;
  const number = addressNumber(address);
  return number >= cidr.first && number < cidr.first + cidr.size;
}

export function addressAt(cidr: Cidr, offset: bigint): string {
  const number = cidr.first + offset;
  if (cidr.family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
  const parts = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  return canonicalAddress(parts.join(':'));
}

/** The form in which an address is a name: lower case, the longest run of zeros left out. */
export function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function addressNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = canonicalAddress(address).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...(tail === undefined ? [] : zeros), ...right].reduce(
    (sum, part) => sum * 65536n + BigInt(`0x${part}`),
    0n,
  );
}
