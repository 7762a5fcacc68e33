// Volumes of EBS.

import { validatePartition } from './partition.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const awsElasticBlockStore: VolumeTypeOf<'awsElasticBlockStore'> = {
  needs: ['volumeID'],
  validate: ({ partition }, { path }) => validatePartition(partition, `${path}.partition`),
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
