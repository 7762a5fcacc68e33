// A sample of ValidatingWebhookConfigurations.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    webhooks: [
      {
        name: 'w.example.com',
        clientConfig: { url: 'https://192.0.2.1/' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: [{ name: 'm', expression: 'true' }],
        namespaceSelector: { matchLabels: { app: 'x' } },
      },
    ],
  },
};
