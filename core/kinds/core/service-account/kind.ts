// ServiceAccounts.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'ServiceAccount',
  shortNames: ['sa'],
};
