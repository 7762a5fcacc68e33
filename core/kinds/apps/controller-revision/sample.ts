// A sample of ControllerRevisions.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, revision: 1, data: { x: 1 } },
};
