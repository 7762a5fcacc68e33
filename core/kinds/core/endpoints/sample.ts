// A sample of Endpoints.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    subsets: [{ addresses: [{ ip: '192.0.2.1', nodeName: 'n' }], ports: [{ port: 80 }] }],
  },
};
