// ScaleIO.

import type { VolumeTypeOf } from './volume-type.ts';

export const scaleIO: VolumeTypeOf<'scaleIO'> = {
  needs: ['gateway', 'system', 'volumeName'],
  gone: 'scaleIO: deprecated in v1.16, non-functional in v1.22+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
