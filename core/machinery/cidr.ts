// Addresses of a CIDR by number. Big integers, so that one arithmetic serves both families.

import { isIP } from 'node:net';
import { formatIp, parseIp } from './ip.ts';

export interface Cidr {
  readonly text: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly first: bigint;
  readonly size: bigint;
}

/** Undefined for text that is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0) return undefined;
  const family = familyOf(address);
  const bits = family === 'IPv4' ? 32 : 128;
  if (!family || !/^[0-9]{1,3}$/.test(length) || Number(length) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(length));
  return { text, family, first: (addressNumber(address) / size) * size, size };
}

/** Undefined for text that is no address: one with a zone is none, since zones mean something on one host only. */
export function familyOf(address: string): 'IPv4' | 'IPv6' | undefined {
  const version = address.includes('%') ? 0 : isIP(address);
  return version === 4 ? 'IPv4' : version === 6 ? 'IPv6' : undefined;
}

export function contains(cidr: Cidr, address: string): boolean {
  if (familyOf(address) !== cidr.family) return false;
  const number = addressNumber(address);
  return number >= cidr.first && number < cidr.first + cidr.size;
}

export function addressAt(cidr: Cidr, offset: bigint): string {
  return formatIp({ family: cidr.family === 'IPv4' ? 4 : 6, bits: cidr.first + offset });
}

/** The form in which an address is a name: lower case, the longest run of zeros left out. */
export function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Of an address: what `canonicalAddress` gives for one is read, IPv4 in IPv6 too. */
function addressNumber(address: string): bigint {
  return parseIp(canonicalAddress(address))?.bits ?? 0n;
}
