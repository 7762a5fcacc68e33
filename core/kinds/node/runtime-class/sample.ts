// A sample of RuntimeClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    handler: 'h',
    overhead: { podFixed: { cpu: '1m' } },
    scheduling: { nodeSelector: { k: 'v' }, tolerations: [{ key: 'k' }] },
  },
};
