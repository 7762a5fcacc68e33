// MutatingAdmissionPolicyBindings.

import type { V1MutatingAdmissionPolicyBinding } from '../../../../generated/kubernetes.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultRules } from '../admission-rules.ts';
import { rulesIn, validateBinding, validateChanges } from '../policy.ts';

export const strategy = strategyFor<V1MutatingAdmissionPolicyBinding>({
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultRules(rulesIn(spec?.matchResources)),
  validate: ({ spec }) => [
    ...validateBinding(spec, 'spec.matchResources'),
    ...validateChanges(spec?.matchResources?.resourceRules, 'spec.matchResources.resourceRules'),
  ],
});
