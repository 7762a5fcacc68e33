// A sample of Leases.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: { holderIdentity: 'h', leaseDurationSeconds: 9, renewTime: '2026-01-01T00:00:00.000000Z' },
  },
};
