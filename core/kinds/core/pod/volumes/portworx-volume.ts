// Portworx.

import type { VolumeTypeOf } from './volume-type.ts';

export const portworxVolume: VolumeTypeOf<'portworxVolume'> = {
  needs: ['volumeID'],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
