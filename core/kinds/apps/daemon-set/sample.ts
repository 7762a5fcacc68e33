// A sample of DaemonSets.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../../core/pod/sample-template.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: podTemplate,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    },
  },
};
