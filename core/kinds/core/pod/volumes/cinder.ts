// Volumes of OpenStack.

import type { VolumeTypeOf } from './volume-type.ts';

export const cinder: VolumeTypeOf<'cinder'> = {
  needs: ['volumeID'],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
