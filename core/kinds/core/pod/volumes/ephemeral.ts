// What a claim is bound to that is made for the pod alone (KEP-1698).

import { warnOfClaim } from '../../../rules/claim-warnings.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const ephemeral: VolumeTypeOf<'ephemeral'> = {
  needs: ['volumeClaimTemplate'],
  inline: {
    podSecurity: 'restricted',
    warnings({ volumeClaimTemplate }, path) {
      const claim = volumeClaimTemplate?.spec;
      return claim ? warnOfClaim(claim, `${path}.volumeClaimTemplate.spec`) : [];
    },
  },
};
