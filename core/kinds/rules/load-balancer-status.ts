// Where a load balancer answers, in the status of Services and Ingresses.

import { familyOf } from '../../machinery/cidr.ts';
import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import { validateAddress } from './addresses.ts';
import { optionalField } from './field-rule.ts';

interface Place {
  readonly ip?: string;
  readonly hostname?: string;
}

/** `more`: what a kind has to say of a place beside its address and its name. */
export function validateLoadBalancerIngress<T extends Place>(
  places: readonly T[],
  old: readonly T[],
  path: string,
  more: (place: T, path: string) => FieldError[] = () => [],
): FieldError[] {
  const known = old.flatMap(({ ip }) => ip ?? []);
  return places.flatMap((place, index) => {
    const at = `${path}[${index}]`;
    const { ip, hostname } = place;
    const errors = ip ? validateAddress(ip, `${at}.ip`, known) : [];
    errors.push(...more(place, at), ...optionalField(hostname, dns1123Subdomain, `${at}.hostname`));
    if (hostname && familyOf(hostname))
      errors.push(invalidValue(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}
