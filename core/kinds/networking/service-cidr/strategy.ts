// ServiceCIDRs.

import type { V1ServiceCIDR } from '../../../../generated/kubernetes.ts';
import { parseCidr } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { validateCanonicalCidr } from '../../rules/addresses.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1ServiceCIDR>({
  generation: true,
  prepareForCreate(object) {
    object.status = {};
  },
  validate: ({ spec }, old) =>
    // Of one that is, only what is new is looked at.
    old && (spec?.cidrs?.length !== 2 || old.spec?.cidrs?.length !== 1) ? [] : validateCidrs(spec?.cidrs ?? []),
  validateUpdate(object, old) {
    const before = old.spec?.cidrs ?? [];
    const after = object.spec?.cidrs ?? [];
    // A second family may join the first; nothing else changes.
    const grows = before.length === 1 && after.length === 2;
    if (after.length !== before.length && !grows) return [invalidValue(path, after, 'field is immutable')];
    return before.flatMap((cidr, index): FieldError[] => immutable(after[index], cidr, `${path}[${index}]`));
  },
});

const path = 'spec.cidrs';

function validateCidrs(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(path, { cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, index) => validateCanonicalCidr(cidr, `${path}[${index}]`));
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (first !== undefined && first === second)
    errors.push(
      invalidValue(
        path,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  return errors;
}
