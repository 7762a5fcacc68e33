// ServiceCIDRs.

import type { V1ServiceCIDR } from '../../../../generated/kubernetes.ts';
import { parseCidr } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, required, tooMany } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { strictCidr } from '../../rules/strict-cidr.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1ServiceCIDR>({
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
