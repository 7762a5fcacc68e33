// Deployments.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
};
