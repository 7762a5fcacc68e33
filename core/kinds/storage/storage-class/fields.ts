// Fields of StorageClasses.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1StorageClass: {
    reclaimPolicy: { default: 'Delete', enum: ['Delete', 'Recycle', 'Retain'] },
    volumeBindingMode: { default: 'Immediate', enum: ['Immediate', 'WaitForFirstConsumer'] },
  },
};
