// Disks of Photon.

import type { VolumeTypeOf } from './volume-type.ts';

export const photonPersistentDisk: VolumeTypeOf<'photonPersistentDisk'> = {
  needs: ['pdID'],
  gone: 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
