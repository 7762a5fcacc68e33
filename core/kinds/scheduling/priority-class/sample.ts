// A sample of PriorityClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, value: 9, description: 'd' },
};
