// CronJobs.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: 'batch',
  versions: ['v1'],
  kind: 'CronJob',
  shortNames: ['cj'],
  categories: ['all'],
};
