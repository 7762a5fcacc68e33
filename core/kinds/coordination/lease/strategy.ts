// Leases.

import type { V1Lease } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { strategyFor } from '../../strategy.ts';

const leaseStrategies = ['OldestEmulationVersion'];

export const strategy = strategyFor<V1Lease>({
  createOnUpdate: true,
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy: chosen, preferredHolder } = spec;
    if (seconds !== undefined && seconds <= 0)
      errors.push(invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
    if (transitions !== undefined && transitions < 0)
      errors.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    // Strategies of a domain are others' business (KEP-4355).
    if (chosen !== undefined && !chosen.includes('/') && !leaseStrategies.includes(chosen))
      errors.push(notSupported('spec.strategy', chosen, leaseStrategies));
    if (preferredHolder !== undefined && chosen === undefined)
      errors.push(forbiddenField('spec.preferredHolder', 'may only be specified when `strategy` is defined'));
    return errors;
  },
});
