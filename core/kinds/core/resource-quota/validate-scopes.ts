// The scopes of a quota: what it counts of, by which an amount may be limited.

import type { V1ResourceQuotaSpec, V1ScopedResourceSelectorRequirement } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';

const ofPods = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const podsAndTheirs = new Set(['pods', ...ofPods]);
const standard = new Set([
  ...podsAndTheirs,
  ...['ephemeral-storage', 'requests.ephemeral-storage', 'limits.ephemeral-storage', 'requests.storage'],
  ...['resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims', 'configmaps'],
  ...['services.nodeports', 'services.loadbalancers'],
]);

/** What of the standard names each scope can limit. */
const limited: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Terminating', podsAndTheirs],
  ['NotTerminating', podsAndTheirs],
  ['BestEffort', new Set(['pods'])],
  ['NotBestEffort', podsAndTheirs],
  ['PriorityClass', podsAndTheirs],
  ['CrossNamespacePodAffinity', podsAndTheirs],
  ['VolumeAttributesClass', new Set(['persistentvolumeclaims', 'requests.storage'])],
]);
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
/** Scopes of which an object is, or is not: they have no values. */
const plain = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']);

export function isStandardOfQuotas(name: string): boolean {
  return standard.has(name) || /^(requests\.)?hugepages-/.test(name);
}

/** Of the list of scopes, and of the selector, whose expressions are told of without their place. */
export function validateScopes(spec: V1ResourceQuotaSpec): FieldError[] {
  const { scopes = [], scopeSelector } = spec;
  const names = Object.keys(spec.hard ?? {})
    .filter(isStandardOfQuotas)
    .sort();
  const at = 'spec.scopeSelector.matchExpressions';
  const expressions = scopeSelector?.matchExpressions ?? [];
  return [
    ...scopes.flatMap((scope) => validateScope(scope, names, 'spec.scopes', 'spec.scopes', scopes, scopes)),
    ...conflicts(scopes, scopes, 'spec.scopes'),
    ...expressions.flatMap((each) => [
      ...validateScope(each.scopeName, names, `${at}.scopeName`, at, each.scopeName, scopeSelector),
      ...validateOperator(each, at),
    ]),
    ...conflicts(
      expressions.map(({ scopeName }) => scopeName),
      scopes,
      at,
    ),
  ];
}

function validateScope(
  scope: string,
  names: readonly string[],
  path: string,
  parent: string,
  shown: unknown,
  all: unknown,
): FieldError[] {
  const known = limited.get(scope);
  if (!known) return [invalidValue(path, shown, 'unsupported scope')];
  return names
    .filter((name) => !known.has(name))
    .map(() => invalidValue(parent, all, 'unsupported scope applied to resource'));
}

function conflicts(scopes: readonly string[], shown: unknown, path: string): FieldError[] {
  return opposites
    .filter((pair) => pair.every((each) => scopes.includes(each)))
    .map(() => invalidValue(path, shown, 'conflicting scopes'));
}

function validateOperator(
  { scopeName, operator, values = [] }: V1ScopedResourceSelectorRequirement,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (plain.has(scopeName) && operator !== 'Exists')
    errors.push(
      invalidValue(
        `${path}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    );
  const at = `${path}.values`;
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(required(at, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        invalidValue(at, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
      );
  } else errors.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  return errors;
}
