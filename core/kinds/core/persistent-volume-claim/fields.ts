// Fields of PersistentVolumeClaims.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1PersistentVolumeClaimSpec: {
    accessModes: { enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] },
    volumeMode: { default: 'Filesystem', enum: ['Block', 'Filesystem'] },
  },
  V1PersistentVolumeClaim: {
    status: { default: { phase: 'Pending' } },
  },
  V1PersistentVolumeClaimStatus: {
    phase: { default: 'Pending' },
  },
  V1TypedObjectReference: {
    apiGroup: { nil: true },
  },
};
