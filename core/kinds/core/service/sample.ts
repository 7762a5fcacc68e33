// A sample of Services.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      selector: { app: 'x' },
      ports: [{ port: 80, targetPort: 'http' }],
      externalIPs: ['192.0.2.1'],
      sessionAffinity: 'ClientIP',
    },
  },
};
