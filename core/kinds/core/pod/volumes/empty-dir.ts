// An empty directory, of the pod's own.

import { validateAmount } from '../validate-resources.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const emptyDir: VolumeTypeOf<'emptyDir'> = {
  validate: ({ sizeLimit }, { path }) => (sizeLimit ? validateAmount(sizeLimit, `${path}.sizeLimit`) : []),
  inline: { podSecurity: 'restricted' },
};
