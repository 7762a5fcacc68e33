// Files of Azure.

import { required } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const azureFile: VolumeTypeOf<'azureFile'> = {
  needs: ['secretName', 'shareName'],
  inline: { podSecurity: 'baseline' },
  persistent: {
    validate: ({ secretNamespace }, { path }) => (secretNamespace === '' ? [required(`${path}.secretNamespace`)] : []),
  },
};
