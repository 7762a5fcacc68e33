// NFS.

import { invalidValue } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const nfs: VolumeTypeOf<'nfs'> = {
  needs: ['server', 'path'],
  validate: ({ path: exported }, { path }) =>
    exported?.startsWith('/') ? [] : [invalidValue(`${path}.path`, exported ?? '', 'must be an absolute path')],
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
