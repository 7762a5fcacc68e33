// Volumes of vSphere.

import type { VolumeTypeOf } from './volume-type.ts';

export const vsphereVolume: VolumeTypeOf<'vsphereVolume'> = {
  needs: ['volumePath'],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
