// Fields of DaemonSets.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1DaemonSetUpdateStrategy: {
    type: { default: 'RollingUpdate', enum: ['OnDelete', 'RollingUpdate'] },
  },
  V1DaemonSetSpec: {
    revisionHistoryLimit: { default: 10 },
    updateStrategy: { default: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
  },
  V1RollingUpdateDaemonSet: {
    maxUnavailable: { default: 1 },
    maxSurge: { default: 0 },
  },
};
