// A sample of ReplicationControllers.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../pod/sample-template.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { replicas: 1, selector: { app: 'x' }, template: podTemplate } },
};
