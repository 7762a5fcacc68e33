// Gluster.

import type { VolumeTypeOf } from './volume-type.ts';

export const glusterfs: VolumeTypeOf<'glusterfs'> = {
  needs: ['endpoints', 'path'],
  gone: 'glusterfs: deprecated in v1.25, non-functional in v1.26+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
