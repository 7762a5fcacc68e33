// A sample of VolumeAttributesClasses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, driverName: 'd', parameters: { k: 'v' } },
};
