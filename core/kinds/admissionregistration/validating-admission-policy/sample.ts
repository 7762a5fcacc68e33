// A sample of ValidatingAdmissionPolicies.

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
      validations: [{ expression: 'true', messageExpression: "'m'" }],
      variables: [{ name: 'v', expression: '1' }],
      auditAnnotations: [{ key: 'k', valueExpression: "'v'" }],
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    },
  },
};
