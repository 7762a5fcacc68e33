// A sample of ServiceAccounts.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, secrets: [{ name: 's' }], imagePullSecrets: [{ name: 'p' }] },
};
