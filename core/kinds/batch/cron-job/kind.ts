// CronJobs.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'batch',
  versions: ['v1'],
  kind: 'CronJob',
  shortNames: ['cj'],
  categories: ['all'],
};
