// ResourceClaimTemplates.

import type { V1ResourceClaimTemplate } from '../../../../generated/kubernetes.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { immutable, validateAnnotations } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { compileClaimAhead, defaultClaim, validateClaim } from '../claim-spec.ts';

export const strategy = strategyFor<V1ResourceClaimTemplate>({
  expressions: true,
  defaults: ({ spec }) => defaultClaim(spec?.spec?.devices),
  ahead: ({ spec }) => compileClaimAhead(spec?.spec?.devices),
  // Of one that is stored nothing changes, and so nothing is judged again.
  validate: ({ spec }, old) =>
    old
      ? []
      : [
          ...validateAnnotations(spec?.metadata?.annotations ?? {}, 'spec.metadata.annotations'),
          ...validateLabels(spec?.metadata?.labels, 'spec.metadata.labels'),
          ...validateClaim(spec?.spec?.devices, 'spec.spec.devices'),
        ],
  validateUpdate: (object, old) => immutable(object.spec, old.spec, 'spec'),
});
