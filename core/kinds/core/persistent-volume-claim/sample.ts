// A sample of PersistentVolumeClaims.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      selector: { matchLabels: { app: 'x' } },
      dataSource: { kind: 'PersistentVolumeClaim', name: 'd' },
    },
  },
};
