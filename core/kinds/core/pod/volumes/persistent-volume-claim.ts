// What a claim is bound to.

import type { VolumeTypeOf } from './volume-type.ts';

export const persistentVolumeClaim: VolumeTypeOf<'persistentVolumeClaim'> = {
  needs: ['claimName'],
  inline: { podSecurity: 'restricted' },
};
