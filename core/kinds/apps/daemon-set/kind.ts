// DaemonSets.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'DaemonSet',
  shortNames: ['ds'],
  categories: ['all'],
};
