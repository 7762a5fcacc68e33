// A sample of ResourceClaimTemplates.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      spec: {
        devices: {
          requests: [{ name: 'r', exactly: { deviceClassName: 'c', selectors: [{ cel: { expression: 'true' } }] } }],
        },
      },
    },
  },
};
