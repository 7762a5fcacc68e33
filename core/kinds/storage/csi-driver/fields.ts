// Fields of CSIDrivers.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1CSIDriverSpec: {
    fsGroupPolicy: { default: 'ReadWriteOnceWithFSType', enum: ['File', 'None', 'ReadWriteOnceWithFSType'] },
    attachRequired: { default: true },
    podInfoOnMount: { default: false },
    storageCapacity: { default: false },
    requiresRepublish: { default: false },
    seLinuxMount: { default: false },
    volumeLifecycleModes: { default: ['Persistent'] },
  },
};
