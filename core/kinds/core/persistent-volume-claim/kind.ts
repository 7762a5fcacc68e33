// PersistentVolumeClaims.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'PersistentVolumeClaim',
  shortNames: ['pvc'],
};
