// What a claim is bound to that was made for the pod alone (KEP-1698).

import { claimNameOf } from '../../../core/kinds/core/pod/semantics/claims.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

export const ephemeral: NodeVolumeTypeOf<'ephemeral'> = {
  claim: (ephemeral, { pod, name }) => ({
    claimName: claimNameOf(pod.metadata.name, { name, ephemeral }) ?? '',
    readOnly: false,
  }),
};
