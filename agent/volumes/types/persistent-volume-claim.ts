// What a claim is bound to.

import type { NodeVolumeTypeOf } from '../volume-type.ts';

export const persistentVolumeClaim: NodeVolumeTypeOf<'persistentVolumeClaim'> = {
  claim: ({ claimName, readOnly = false }) => ({ claimName, readOnly }),
};
