// A sample of Workloads.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1alpha2: {
    metadata: sampleMetadata,
    spec: {
      controllerRef: { apiGroup: 'batch', kind: 'Job', name: 'j' },
      podGroupTemplates: [
        { name: 'drivers', schedulingPolicy: { basic: {} } },
        { name: 'workers', schedulingPolicy: { gang: { minCount: 4 } } },
      ],
    },
  },
};
