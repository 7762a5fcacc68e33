// A sample of ConfigMaps.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, data: { k: 'v' }, binaryData: { b: 'AA==' } },
};
