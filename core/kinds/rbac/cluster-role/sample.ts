// A sample of ClusterRoles.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['n'] }],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { app: 'x' } }] },
  },
};
