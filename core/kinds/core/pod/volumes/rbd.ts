// Block devices of Ceph.

import type { VolumeTypeOf } from './volume-type.ts';

export const rbd: VolumeTypeOf<'rbd'> = {
  needs: ['monitors', 'image'],
  gone: 'rbd: deprecated in v1.28, non-functional in v1.31+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
