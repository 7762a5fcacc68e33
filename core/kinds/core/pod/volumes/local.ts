// A disk or directory of one node, as a PersistentVolume.

import { validateHostPath } from './host-path.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const local: VolumeTypeOf<'local'> = {
  validate: (source, { path }) => validateHostPath(source.path, `${path}.path`),
  persistent: {},
};
