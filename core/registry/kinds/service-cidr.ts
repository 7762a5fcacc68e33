// Ranges of cluster IPs and the addresses taken from them (KEP-1880).

import type { V1IPAddress, V1ServiceCIDR } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required, tooMany } from '../../machinery/field-error.ts';
import { dns1123Subdomain, pathSegmentName } from '../../machinery/names.ts';
import { canonicalAddress, familyOf, parseCidr } from '../allocate/cidr.ts';
import { named } from '../metadata/name-rule.ts';
import { immutable } from '../metadata/validate.ts';
import { strategy } from '../strategy.ts';
import { optionalField, requiredField } from './field-rule.ts';
import { strictCidr } from './strict-cidr.ts';

export const ipAddress = strategy<V1IPAddress>({
  generation: true,
  validateName: named((name) => {
    if (!familyOf(name)) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
    const canonical = canonicalAddress(name);
    return canonical === name ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
  }),
  validate({ spec }) {
    const path = 'spec.parentRef';
    if (!spec?.parentRef) return [required(path)];
    const { group, resource, namespace, name } = spec.parentRef;
    return [
      ...optionalField(group, dns1123Subdomain, `${path}.group`),
      ...requiredField(resource, pathSegmentName, `${path}.resource`),
      ...requiredField(name, pathSegmentName, `${path}.name`),
      ...optionalField(namespace, pathSegmentName, `${path}.namespace`),
    ];
  },
  validateUpdate: (object, old) => immutable(object.spec?.parentRef, old.spec?.parentRef, 'spec.parentRef'),
});

export const serviceCIDR = strategy<V1ServiceCIDR>({
  generation: true,
  prepareForCreate(object) {
    object.status = {};
  },
  validate({ spec }) {
    const path = 'spec.cidrs';
    const cidrs = spec?.cidrs ?? [];
    if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
    if (cidrs.length > 2) return [tooMany(path, cidrs.length, 2)];
    const errors = cidrs.flatMap((cidr, index) => strictCidr(cidr, `${path}[${index}]`));
    if (errors.length > 0) return errors;
    const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.family));
    return families.size === cidrs.length
      ? []
      : [
          invalidValue(
            path,
            cidrs,
            'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
          ),
        ];
  },
  validateUpdate(object, old) {
    const path = 'spec.cidrs';
    const before = old.spec?.cidrs ?? [];
    const after = object.spec?.cidrs ?? [];
    // A second family may join the first; nothing else changes.
    if (after.length < before.length) return [invalidValue(path, after, 'field is immutable')];
    return before.flatMap((cidr, index): FieldError[] => immutable(after[index], cidr, `${path}[${index}]`));
  },
});
