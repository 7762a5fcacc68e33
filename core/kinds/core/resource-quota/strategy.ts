// ResourceQuotas: names of what can be limited, and scopes that hold for them. Source: Kubernetes, "Resource Quotas".

import type { V1ResourceQuota } from '../../../../generated/kubernetes.ts';
import { errorsOf, type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { strategyFor } from '../../strategy.ts';
import { validateAmountOf, validateResourceName } from '../pod/validate-resources.ts';
import { isStandardOfQuotas, validateScopes } from './validate-scopes.ts';

export const strategy = strategyFor<V1ResourceQuota>({
  validate: ({ spec = {} }) => [...validateAmounts(spec.hard, 'spec.hard'), ...validateScopes(spec)],
  validateUpdate(object, old) {
    const [scopes, before] = [object, old].map(({ spec }) => new Set(spec?.scopes));
    return scopes?.symmetricDifference(before ?? new Set()).size === 0
      ? []
      : [invalidValue('spec.scopes', object.spec?.scopes ?? null, 'field is immutable')];
  },
  validateStatus: ({ status }) => [
    ...validateAmounts(status?.hard, 'status.hard'),
    ...validateAmounts(status?.used, 'status.used'),
  ],
});

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return errorsOf(Object.entries(amounts ?? {}), ([name, value]) => {
    const at = `${path}[${name}]`;
    const errors = validateResourceName(name, at);
    if (!name.includes('/') && !isStandardOfQuotas(name))
      errors.push(invalidValue(at, name, 'must be a standard resource for quota'));
    return [...errors, ...validateAmountOf(name, value, at)];
  });
}
