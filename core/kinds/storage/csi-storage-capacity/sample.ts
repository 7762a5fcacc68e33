// A sample of CSIStorageCapacities.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, storageClassName: 's', capacity: '1Gi', nodeTopology: { matchLabels: { app: 'x' } } },
};
