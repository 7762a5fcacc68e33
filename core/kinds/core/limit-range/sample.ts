// A sample of LimitRanges.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { limits: [{ type: 'Container', max: { cpu: '9' }, default: { cpu: '2' } }] } },
};
