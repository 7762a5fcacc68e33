// The address of cluster DNS.

import { addressAt, parseCidr } from './cidr.ts';

/** Of every service range, the address that cluster DNS answers on. */
export function dnsAddress(serviceCIDR: string): string {
  const range = parseCidr(serviceCIDR);
  if (!range) throw new Error(`the service CIDR ${JSON.stringify(serviceCIDR)} is no address range`);
  return addressAt(range, 10n);
}
