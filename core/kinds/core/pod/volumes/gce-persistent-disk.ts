// Disks of GCE.

import { validatePartition } from './partition.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const gcePersistentDisk: VolumeTypeOf<'gcePersistentDisk'> = {
  needs: ['pdName'],
  // Kubernetes reports the field by this name.
  validate: ({ partition }, { volume }) => validatePartition(partition, `${volume}.persistentDisk.partition`),
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
