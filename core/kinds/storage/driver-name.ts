// Names of CSI drivers.

import { dns1123Subdomain } from '../../machinery/names.ts';

/** A driver's name is a domain, in any case, of the length of a label. */
export function driverName(name: string): string[] {
  const errors = name.length > 63 ? ['must be no more than 63 characters'] : [];
  return [...errors, ...dns1123Subdomain(name.toLowerCase())];
}
