// The addresses of a service range that mean the same in every cluster.

import { addressAt, parseCidr } from '../../machinery/cidr.ts';

/** Of every service range, the address that cluster DNS answers on. */
export function dnsAddress(serviceCIDR: string): string {
  return serviceAddress(serviceCIDR, 10n);
}

/** Of every service range, the address of the Service `kubernetes`. */
export function apiAddress(serviceCIDR: string): string {
  return serviceAddress(serviceCIDR, 1n);
}

function serviceAddress(serviceCIDR: string, offset: bigint): string {
  const range = parseCidr(serviceCIDR);
  if (!range) throw new Error(`the service CIDR ${JSON.stringify(serviceCIDR)} is no address range`);
  return addressAt(range, offset);
}
