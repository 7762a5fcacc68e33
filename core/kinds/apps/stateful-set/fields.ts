// Fields of StatefulSets.

import type { Fields } from '../../../api/fields.ts';

const retentions = ['Delete', 'Retain'];

export const fields: Fields = {
  V1StatefulSetSpec: {
    podManagementPolicy: { default: 'OrderedReady', enum: ['OrderedReady', 'Parallel'] },
    replicas: { default: 1 },
    revisionHistoryLimit: { default: 10 },
    updateStrategy: { default: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
    persistentVolumeClaimRetentionPolicy: { default: { whenDeleted: 'Retain', whenScaled: 'Retain' } },
  },
  V1StatefulSetUpdateStrategy: {
    type: { default: 'RollingUpdate', enum: ['OnDelete', 'RollingUpdate'] },
  },
  V1StatefulSetPersistentVolumeClaimRetentionPolicy: {
    whenDeleted: { default: 'Retain', enum: retentions },
    whenScaled: { default: 'Retain', enum: retentions },
  },
  V1RollingUpdateStatefulSetStrategy: {
    partition: { default: 0 },
  },
};
