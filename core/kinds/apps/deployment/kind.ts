// Deployments.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
};
