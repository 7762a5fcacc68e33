// A sample of CronJobs.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../../core/pod/sample-template.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      schedule: '* * * * *',
      jobTemplate: { spec: { template: { ...podTemplate, spec: { ...podTemplate.spec, restartPolicy: 'Never' } } } },
    },
  },
};
