// Disks of Azure.

import type { VolumeTypeOf } from './volume-type.ts';

export const azureDisk: VolumeTypeOf<'azureDisk'> = {
  needs: ['diskName', 'diskURI'],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
