// The addresses of a service range that mean the same in every cluster.

import { addressAt, parseCidr } from '../../machinery/cidr.ts';

/** Of every service range, the address that cluster DNS answers on. `serviceCIDR`: one range, or one of each family with a comma between. */
export function dnsAddresses(serviceCIDR: string): string[] {
  return serviceCIDR.split(',').map((range) => serviceAddress(range.trim(), 10n));
}

/** Of the first service range, the address of the Service `kubernetes`. It has one: it is of the cluster's first family. */
export function apiAddress(serviceCIDR: string): string {
  return serviceAddress(serviceCIDR.split(',')[0]?.trim() ?? '', 1n);
}

function serviceAddress(serviceCIDR: string, offset: bigint): string {
  const range = parseCidr(serviceCIDR);
  if (!range) throw new Error(`the service CIDR ${JSON.stringify(serviceCIDR)} is no address range`);
  return addressAt(range, offset);
}
