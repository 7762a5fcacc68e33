// A sample of EndpointSlices.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['192.0.2.1'],
        conditions: { ready: true },
        hints: { forZones: [{ name: 'z' }] },
        targetRef: { kind: 'Pod', name: 'p' },
      },
    ],
    ports: [{ name: 'p', port: 80, protocol: 'TCP' }],
  },
};
