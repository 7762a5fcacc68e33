// ValidatingAdmissionPolicyBindings.

import type { V1ValidatingAdmissionPolicyBinding } from '../../../../generated/kubernetes.ts';
import { duplicate, invalidValue, required } from '../../../machinery/field-error.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultRules } from '../admission-rules.ts';
import { rulesIn, validateBinding } from '../policy.ts';

export const strategy = strategyFor<V1ValidatingAdmissionPolicyBinding>({
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultRules(rulesIn(spec?.matchResources)),
  validate({ spec }) {
    const errors = validateBinding(spec);
    const actions = spec?.validationActions ?? [];
    if (actions.length === 0)
      errors.push(required('spec.validationActions', 'at least one validation action is required'));
    for (const [index, each] of actions.entries()) {
      if (actions.indexOf(each) !== index) errors.push(duplicate(`spec.validationActions[${index}]`, each));
    }
    if (actions.includes('Deny') && actions.includes('Warn'))
      errors.push(invalidValue('spec.validationActions', actions, 'must not contain both Deny and Warn'));
    return errors;
  },
});
