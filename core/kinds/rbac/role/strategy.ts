// Roles.

import type { V1Role } from '../../../../generated/kubernetes.ts';
import { strategyFor } from '../../strategy.ts';
import { validateName } from '../validate-name.ts';
import { validateRules } from '../validate-rules.ts';

export const strategy = strategyFor<V1Role>({
  validateName,
  createOnUpdate: true,
  validate: ({ rules }) => validateRules(rules ?? [], true),
});
