// The files of an image, for reading (KEP-4639).

import { pullPolicyFor } from '../pull-policy.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const image: VolumeTypeOf<'image'> = {
  inline: {
    podSecurity: 'restricted',
    defaults(source) {
      source.pullPolicy ||= pullPolicyFor(source.reference ?? '');
    },
  },
};
