// A sample of DeviceClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { selectors: [{ cel: { expression: 'true' } }] } },
};
