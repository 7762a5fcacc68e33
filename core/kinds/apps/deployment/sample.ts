// A sample of Deployments.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../../core/pod/sample-template.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'x' } },
      template: podTemplate,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '10%' } },
    },
  },
};
