// ResourceClaimTemplates.

import type { V1ResourceClaimTemplate } from '../../../../generated/kubernetes.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultClaim, validateClaim } from '../claim-spec.ts';

export const strategy = strategyFor<V1ResourceClaimTemplate>({
  expressions: true,
  defaults: ({ spec }) => defaultClaim(spec?.spec?.devices),
  validate: ({ spec }) => validateClaim(spec?.spec?.devices, 'spec.spec.devices'),
  validateUpdate: (object, old) => immutable(object.spec, old.spec, 'spec'),
});
