// A sample of MutatingAdmissionPolicyBindings.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      policyName: 'p',
      matchResources: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['pods'],
            scope: '*',
            resourceNames: ['n'],
          },
        ],
        namespaceSelector: { matchLabels: { app: 'x' } },
      },
    },
  },
};
