// A sample of StatefulSets.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';
import { podTemplate } from '../../core/pod/sample-template.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      replicas: 1,
      serviceName: 's',
      selector: { matchLabels: { app: 'x' } },
      template: podTemplate,
      ordinals: { start: 1 },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
      volumeClaimTemplates: [
        {
          metadata: { name: 'd' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  },
};
