// Ceph's file system.

import type { VolumeTypeOf } from './volume-type.ts';

export const cephfs: VolumeTypeOf<'cephfs'> = {
  needs: ['monitors'],
  gone: 'cephfs: deprecated in v1.28, non-functional in v1.31+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
