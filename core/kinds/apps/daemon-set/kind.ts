// DaemonSets.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'DaemonSet',
  shortNames: ['ds'],
  categories: ['all'],
};
