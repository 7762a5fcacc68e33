// A sample of Nodes.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }], podCIDR: '10.9.0.0/24' } },
};
