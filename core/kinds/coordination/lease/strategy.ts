// Leases.

import type { V1Lease } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { strategyFor } from '../../strategy.ts';

const leaseStrategies = ['OldestEmulationVersion'];

export const strategy = strategyFor<V1Lease>({
  createOnUpdate: true,
  conditionalUpdate: true,
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy: chosen, preferredHolder } = spec;
    if (seconds !== undefined && seconds <= 0)
      errors.push(invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
    if (transitions !== undefined && transitions < 0)
      errors.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    if (chosen !== undefined) errors.push(...validateStrategy(chosen, 'spec.strategy.strategy'));
    if (preferredHolder && !chosen)
      errors.push(forbiddenField('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
    return errors;
  },
});

/** Strategies of a domain are others' business (KEP-4355). `path`: Kubernetes tells of it below itself. */
function validateStrategy(strategy: string, path: string): FieldError[] {
  if (strategy.includes('/'))
    return qualifiedNameErrors(strategy).map((message) => invalidValue(path, strategy, message));
  return leaseStrategies.includes(strategy) ? [] : [notSupported(path, strategy, leaseStrategies)];
}
