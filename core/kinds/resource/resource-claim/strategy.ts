// ResourceClaims.

import type { ResourceV1ResourceClaim } from '../../../../generated/kubernetes.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultClaim, validateClaim } from '../claim-spec.ts';

export const strategy = strategyFor<ResourceV1ResourceClaim>({
  expressions: true,
  prepareForCreate(object) {
    object.status = {};
  },
  defaults: ({ spec }) => defaultClaim(spec?.devices),
  validate: ({ spec }) => validateClaim(spec?.devices, 'spec.devices'),
  validateUpdate: (object, old) => immutable(object.spec, old.spec, 'spec'),
});
