// PersistentVolumeClaims.

import type { V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { required } from '../../../machinery/field-error.ts';
import { normalizeSources } from '../../rules/claim-sources.ts';
import { validateClaimSpec } from '../../rules/claim-spec.ts';
import { warnOfClaim, warnOfClassAnnotation } from '../../rules/claim-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { validateClaimStatus } from './validate-status.ts';
import { validateClaimUpdate } from './validate-update.ts';

export const strategy = strategyFor<V1PersistentVolumeClaim>({
  prepareForCreate(object) {
    if (object.spec) normalizeSources(object.spec);
    object.status = { phase: 'Pending' };
  },
  validate: ({ spec }) => (spec ? validateClaimSpec(spec, 'spec') : [required('spec')]),
  warnings: ({ metadata, spec }) => [
    ...warnOfClassAnnotation(metadata?.annotations),
    ...(spec ? warnOfClaim(spec, 'spec') : []),
  ],
  validateUpdate: validateClaimUpdate,
  validateStatus: validateClaimStatus,
});
