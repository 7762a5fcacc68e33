// A sample of Pods.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from './sample-template.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: podTemplate.spec },
};
