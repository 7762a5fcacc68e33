// A sample of MutatingAdmissionPolicies.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      matchConstraints: {
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
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  },
};
