// The data of a Secret as files.

import { filesOf, overlaps } from './overlapping-paths.ts';
import { validateItems, validateMode } from './volume-file.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const secret: VolumeTypeOf<'secret'> = {
  needs: ['secretName'],
  validate: ({ defaultMode, items }, { path }) => [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ],
  inline: {
    podSecurity: 'restricted',
    fileWarnings: ({ secretName = '', items }, volume) => overlaps(volume, 'Secret', secretName, filesOf(items)),
  },
};
