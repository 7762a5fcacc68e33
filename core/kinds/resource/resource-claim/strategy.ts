// ResourceClaims.

import type { ResourceV1ResourceClaim } from '../../../../generated/kubernetes.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { compileClaimAhead, defaultClaim, validateClaim } from '../claim-spec.ts';
import { validateClaimStatus } from './validate-status.ts';

export const strategy = strategyFor<ResourceV1ResourceClaim>({
  expressions: true,
  prepareForCreate(object) {
    object.status = {};
  },
  defaults: ({ spec }) => defaultClaim(spec?.devices),
  ahead: ({ spec }) => compileClaimAhead(spec?.devices),
  // Of one that is stored nothing changes, and so nothing is judged again.
  validate: ({ spec }, old) => (old ? [] : validateClaim(spec?.devices, 'spec.devices')),
  validateUpdate: (object, old) => immutable(object.spec, old.spec, 'spec'),
  validateStatus: validateClaimStatus,
});
