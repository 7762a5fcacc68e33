// ValidatingAdmissionPolicyBindings.

import type { V1ValidatingAdmissionPolicyBinding } from '../../../../generated/kubernetes.ts';
import { duplicate, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultRules } from '../admission-rules.ts';
import { rulesIn, validateBinding } from '../policy.ts';

export const strategy = strategyFor<V1ValidatingAdmissionPolicyBinding>({
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultRules(rulesIn(spec?.matchResources)),
  validate({ spec }) {
    // The field is told as Kubernetes tells it.
    const errors = validateBinding(spec, 'spec.matchResouces');
    const actions = spec?.validationActions ?? [];
    const path = 'spec.validationActions';
    const again = seenBefore();
    actions.forEach((each, index) => {
      if (!known.includes(each)) errors.push(notSupported(`${path}[${index}]`, each, known));
      if (again(each)) errors.push(duplicate(`${path}[${index}]`, each));
    });
    if (actions.includes('Deny') && actions.includes('Warn'))
      errors.push(
        invalidValue(
          path,
          actions,
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      );
    if (actions.length === 0) errors.push(required(path, 'at least one validation action is required'));
    return errors;
  },
});

const known = ['Audit', 'Deny', 'Warn'];
