// A sample of Jobs.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../../core/pod/sample-template.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      completions: 2,
      parallelism: 1,
      completionMode: 'Indexed',
      template: { ...podTemplate, spec: { ...podTemplate.spec, restartPolicy: 'Never' } },
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      successPolicy: { rules: [{ succeededIndexes: '0' }] },
    },
  },
};
