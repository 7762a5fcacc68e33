// A sample of ServiceCIDRs.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { cidrs: ['10.200.0.0/24'] } },
};
