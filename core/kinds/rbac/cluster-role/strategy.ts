// ClusterRoles.

import type { V1ClusterRole } from '../../../../generated/kubernetes.ts';
import { required } from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { strategyFor } from '../../strategy.ts';
import { validateName } from '../validate-name.ts';
import { validateRules } from '../validate-rules.ts';

export const strategy = strategyFor<V1ClusterRole>({
  validateName,
  createOnUpdate: true,
  validate({ rules, aggregationRule }) {
    const errors = validateRules(rules ?? [], false);
    if (aggregationRule && !aggregationRule.clusterRoleSelectors?.length) {
      errors.push(
        required(
          'aggregationRule.clusterRoleSelectors',
          'at least one clusterRoleSelector required if aggregationRule is non-nil',
        ),
      );
    }
    aggregationRule?.clusterRoleSelectors?.forEach((selector, index) => {
      errors.push(...validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`));
    });
    return errors;
  },
});
