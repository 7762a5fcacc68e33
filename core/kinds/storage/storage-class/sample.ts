// A sample of StorageClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    provisioner: 'p',
    parameters: { k: 'v' },
    mountOptions: ['o'],
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'k', values: ['v'] }] }],
  },
};
