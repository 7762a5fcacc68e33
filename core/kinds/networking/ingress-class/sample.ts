// A sample of IngressClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: { controller: 'example.com/c', parameters: { kind: 'K', name: 'n', scope: 'Cluster' } },
  },
};
