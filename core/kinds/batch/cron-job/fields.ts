// Fields of CronJobs.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1CronJobSpec: {
    concurrencyPolicy: { default: 'Allow', enum: ['Allow', 'Forbid', 'Replace'] },
    suspend: { default: false },
    successfulJobsHistoryLimit: { default: 3 },
    failedJobsHistoryLimit: { default: 1 },
  },
};
