// Files of Azure.

import type { VolumeTypeOf } from './volume-type.ts';

export const azureFile: VolumeTypeOf<'azureFile'> = {
  needs: ['secretName', 'shareName'],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
