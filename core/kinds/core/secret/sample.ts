// A sample of Secrets.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, data: { k: 'AA==' }, stringData: { s: 'v' } },
};
