// Volumes of OpenStack.

import { validateSecretReference } from './secret-reference.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const cinder: VolumeTypeOf<'cinder'> = {
  needs: ['volumeID'],
  inline: {
    podSecurity: 'baseline',
    validate: ({ secretRef }, { path }) => validateSecretReference(secretRef, `${path}.secretRef`, 'name'),
  },
  persistent: {
    validate: ({ secretRef }, { path }) => validateSecretReference(secretRef, `${path}.secretRef`, 'name', 'namespace'),
  },
};
