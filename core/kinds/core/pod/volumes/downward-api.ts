// Fields of the pod as files.

import { filesOf, overlaps } from './overlapping-paths.ts';
import { validateDownward, validateMode } from './volume-file.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const downwardAPI: VolumeTypeOf<'downwardAPI'> = {
  validate: ({ defaultMode, items = [] }, { path }) => [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...items.flatMap((item) => validateDownward(item, path)),
  ],
  inline: {
    podSecurity: 'restricted',
    fileWarnings: ({ items }, volume) => overlaps(volume, 'DownwardAPI', undefined, filesOf(items)),
  },
};
