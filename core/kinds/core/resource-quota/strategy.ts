// ResourceQuotas: names of what can be limited, and scopes that hold for them. Source: Kubernetes, "Resource Quotas".

import type {
  V1ResourceQuota,
  V1ResourceQuotaSpec,
  V1ScopedResourceSelectorRequirement,
} from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { strategyFor } from '../../strategy.ts';
import { validateAmount } from '../pod/validate-resources.ts';

const counts = new Set([
  'pods',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
]);
const ofPods = /^((requests\.|limits\.)?(cpu|memory|ephemeral-storage)|(requests\.)?hugepages-.+)$/;
const isStandard = (name: string) => counts.has(name) || ofPods.test(name) || name === 'requests.storage';

/** What of the standard names each scope can limit. */
const scopes: Readonly<Record<string, (name: string) => boolean>> = {
  Terminating: (name) => name === 'pods' || ofPods.test(name),
  NotTerminating: (name) => name === 'pods' || ofPods.test(name),
  BestEffort: (name) => name === 'pods',
  NotBestEffort: (name) => name === 'pods' || ofPods.test(name),
  PriorityClass: (name) => name === 'pods' || ofPods.test(name),
  CrossNamespacePodAffinity: (name) => name === 'pods' || ofPods.test(name),
  VolumeAttributesClass: (name) => name === 'persistentvolumeclaims' || name === 'requests.storage',
};
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
/** Scopes of which an object is, or is not: they have no values. */
const plain = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']);

export const strategy = strategyFor<V1ResourceQuota>({
  validate: ({ spec = {} }) => [
    ...Object.entries(spec.hard ?? {}).flatMap(([name, value]) => validateHard(name, value)),
    ...validateScopes(spec),
    ...(spec.scopeSelector?.matchExpressions ?? []).flatMap((each, index) =>
      validateExpression(each, spec, `spec.scopeSelector.matchExpressions[${index}]`),
    ),
  ],
  validateUpdate(object, old) {
    const sorted = (quota: V1ResourceQuota) => [...(quota.spec?.scopes ?? [])].sort();
    return semanticEqual(sorted(object), sorted(old))
      ? []
      : [invalidValue('spec.scopes', object.spec?.scopes ?? null, 'field is immutable')];
  },
});

function validateHard(name: string, value: string): FieldError[] {
  const path = `spec.hard[${name}]`;
  const wrong = qualifiedNameErrors(name);
  if (wrong.length === 0 && !name.includes('/') && !isStandard(name))
    wrong.push('must be a standard resource for quotas');
  const errors = [...wrong.map((message) => invalidValue(path, name, message)), ...validateAmount(value, path)];
  const whole = errors.length > 0 || !counts.has(name) || parseQuantity(value).nanos % 1_000_000_000n === 0n;
  return whole ? errors : [invalidValue(path, value, 'must be an integer')];
}

function validateScopes({ scopes: given = [], hard = {} }: V1ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopes';
  const errors: FieldError[] = [];
  for (const scope of given) {
    const allows = getOwn(scopes, scope);
    if (!allows) errors.push(invalidValue(path, given, 'unsupported scope'));
    else if (Object.keys(hard).some((name) => isStandard(name) && !allows(name)))
      errors.push(invalidValue(path, given, 'unsupported scope applied to resource'));
  }
  if (opposites.some((pair) => pair.every((each) => given.includes(each))))
    errors.push(invalidValue(path, given, 'conflicting scopes'));
  return errors;
}

function validateExpression(
  { scopeName, operator, values = [] }: V1ScopedResourceSelectorRequirement,
  { hard = {} }: V1ResourceQuotaSpec,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const allows = getOwn(scopes, scopeName);
  if (!allows) errors.push(invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope'));
  else if (Object.keys(hard).some((name) => isStandard(name) && !allows(name)))
    errors.push(invalidValue(path, scopeName, 'unsupported scope applied to resource'));
  if (plain.has(scopeName) && operator !== 'Exists')
    errors.push(
      invalidValue(
        `${path}.operator`,
        operator,
        `must be 'Exists' when scope is any of ${[...plain].sort().join(', ')}`,
      ),
    );
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(
        required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      );
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        invalidValue(
          `${path}.values`,
          values,
          "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector",
        ),
      );
  } else errors.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  return errors;
}
