// A sample of PriorityLevelConfigurations.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 1,
        limitResponse: { type: 'Queue', queuing: { queues: 4, handSize: 2, queueLengthLimit: 5 } },
      },
    },
  },
};
