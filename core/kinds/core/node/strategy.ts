// Nodes: taints, and what is set once.

import type { V1Node } from '../../../../generated/kubernetes.ts';
import { parseCidr } from '../../../machinery/cidr.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { labelValueErrors, qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfCidr } from '../../rules/address-warnings.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const strategy = strategyFor<V1Node>({
  defaults({ spec }) {
    if (spec?.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec?.podCIDRs?.[0] && !spec.podCIDR) [spec.podCIDR] = spec.podCIDRs;
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    const seen = new Set<string>();
    spec?.taints?.forEach(({ key, value, effect }, index) => {
      const path = `spec.taints[${index}]`;
      errors.push(...requiredField(key, qualifiedNameErrors, `${path}.key`));
      errors.push(...optionalField(value, labelValueErrors, `${path}.value`));
      if (!effect) errors.push(required(`${path}.effect`));
      else if (!effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
      const pair = `${key}:${effect}`;
      if (seen.has(pair))
        errors.push({
          ...duplicate(path, { key, value, effect }),
          message: `Duplicate value: taints must be unique by key and effect pair`,
        });
      seen.add(pair);
    });
    spec?.podCIDRs?.forEach((cidr, index) => {
      if (!parseCidr(cidr))
        errors.push(
          invalidValue(
            `spec.podCIDRs[${index}]`,
            cidr,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        );
    });
    return errors;
  },
  warnings: ({ spec }) => [
    ...(spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, index) => warnOfCidr(cidr, `spec.podCIDRs[${index}]`)),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    const before = old.spec ?? {};
    const after = object.spec ?? {};
    if (before.podCIDRs?.length && !semanticEqual(after.podCIDRs ?? [], before.podCIDRs))
      errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
    if (before.providerID && after.providerID !== before.providerID)
      errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
    return errors;
  },
});
