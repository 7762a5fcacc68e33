// Nodes: taints, and what is set once.

import type { V1Node, V1NodeStatus, V1Taint } from '../../../../generated/kubernetes.ts';
import { parseCidr } from '../../../machinery/cidr.ts';
import {
  duplicate,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabelKey } from '../../../machinery/labels.ts';
import { labelValueErrors } from '../../../machinery/names.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfCidr } from '../../rules/address-warnings.ts';
import { validateCidr } from '../../rules/addresses.ts';
import { strategyFor } from '../../strategy.ts';
import { validateAmountOf } from '../pod/validate-resources.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const strategy = strategyFor<V1Node>({
  defaults({ spec }) {
    if (spec?.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec?.podCIDRs?.[0] && !spec.podCIDR) [spec.podCIDR] = spec.podCIDRs;
  },
  validate: ({ spec = {}, status }) => [
    ...validateTaints(spec.taints ?? []),
    ...validateAmounts(status),
    ...validateRanges(spec.podCIDRs ?? []),
  ],
  warnings: ({ spec }) => [
    ...(spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, index) => warnOfCidr(cidr, `spec.podCIDRs[${index}]`)),
  ],
  validateUpdate,
  validateStatus: (object, old) => [...validateUpdate(object, old), ...validateTaints(object.spec?.taints ?? [])],
});

/** Of the object or its status alike. */
function validateUpdate(object: V1Node, old: V1Node): FieldError[] {
  const errors = validateAmounts(object.status);
  const addresses = object.status?.addresses ?? [];
  const again = seenBefore();
  addresses.forEach((address, index) => {
    if (again(JSON.stringify([address.type, address.address])))
      errors.push(duplicate(`status.addresses[${index}]`, address));
  });
  const before = old.spec ?? {};
  const after = object.spec ?? {};
  if (before.podCIDRs?.length && !semanticEqual(after.podCIDRs ?? [], before.podCIDRs))
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (before.providerID && after.providerID !== before.providerID)
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if ((before.externalID ?? '') !== (after.externalID ?? ''))
    errors.push(forbiddenField('spec.externalID', 'may not be updated'));
  return errors;
}

/** They are told of as Kubernetes does, as if they stood in the metadata, where they once were annotations. */
function validateTaints(taints: readonly V1Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key = '', value = '', effect }, index) => {
    const path = `metadata.taints[${index}]`;
    const errors = validateLabelKey(key, `${path}.key`);
    const wrong = labelValueErrors(value);
    if (wrong.length > 0) errors.push(invalidValue(`${path}.value`, value, wrong.join(';')));
    if (!effect) errors.push(required(`${path}.effect`));
    else if (!effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
    const pair = `${key}:${effect}`;
    if (seen.has(pair))
      errors.push({
        ...duplicate(path, { key, value, effect }),
        message: 'Duplicate value: taints must be unique by key and effect pair',
      });
    seen.add(pair);
    return errors;
  });
}

function validateAmounts(status: V1NodeStatus | undefined): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((list) =>
    errorsOf(Object.entries(status?.[list] ?? {}), ([name, value]) =>
      validateAmountOf(name, value, `status.${list}.${name}`),
    ),
  );
}

function validateRanges(ranges: readonly string[]): FieldError[] {
  const path = 'spec.podCIDRs';
  const errors = ranges.flatMap((cidr, index) => validateCidr(cidr, `${path}[${index}]`));
  const families = new Set(ranges.map((cidr) => parseCidr(cidr)?.family));
  if (ranges.length > 2 || (ranges.length === 2 && families.size < 2))
    errors.push(invalidValue(path, ranges, 'may specify no more than one CIDR for each IP family'));
  return errors;
}
