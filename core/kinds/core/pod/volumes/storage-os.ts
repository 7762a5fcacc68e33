// StorageOS.

import { invalidValue } from '../../../../machinery/field-error.ts';
import { dns1123Label } from '../../../../machinery/names.ts';
import { validateSecretReference } from './secret-reference.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const storageos: VolumeTypeOf<'storageos'> = {
  needs: ['volumeName'],
  validate: (source, { path }) =>
    (['volumeName', 'volumeNamespace'] as const).flatMap((field) => {
      const value = source[field];
      return value ? dns1123Label(value).map((message) => invalidValue(`${path}.${field}`, value, message)) : [];
    }),
  gone: 'storageOS: deprecated in v1.22, non-functional in v1.25+',
  inline: {
    podSecurity: 'baseline',
    validate: ({ secretRef }, { path }) => validateSecretReference(secretRef, `${path}.secretRef`, 'name'),
  },
  persistent: {
    validate: ({ secretRef }, { path }) => validateSecretReference(secretRef, `${path}.secretRef`, 'name', 'namespace'),
  },
};
