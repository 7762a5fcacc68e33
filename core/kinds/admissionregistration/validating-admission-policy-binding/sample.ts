// A sample of ValidatingAdmissionPolicyBindings.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      policyName: 'p',
      validationActions: ['Deny'],
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
      paramRef: { name: 'p', parameterNotFoundAction: 'Allow' },
    },
  },
};
