// A sample of PodDisruptionBudgets.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } } },
};
