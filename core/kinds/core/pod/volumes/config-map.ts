// The data of a ConfigMap as files.

import { filesOf, overlaps } from './overlapping-paths.ts';
import { validateItems, validateMode } from './volume-file.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const configMap: VolumeTypeOf<'configMap'> = {
  needs: ['name'],
  validate: ({ defaultMode, items }, { path }) => [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ],
  inline: {
    podSecurity: 'restricted',
    fileWarnings: ({ name = '', items }, volume) => overlaps(volume, 'ConfigMap', name, filesOf(items)),
  },
};
