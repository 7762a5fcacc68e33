// A sample of CSIDrivers.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: { attachRequired: false, tokenRequests: [{ audience: 'a' }], volumeLifecycleModes: ['Ephemeral'] },
  },
};
