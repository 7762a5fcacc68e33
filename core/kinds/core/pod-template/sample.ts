// A sample of PodTemplates.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../pod/sample-template.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, template: podTemplate },
};
