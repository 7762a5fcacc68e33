// Fields of ValidatingWebhookConfigurations.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ValidatingWebhook: {
    failurePolicy: { default: 'Fail', enum: ['Fail', 'Ignore'] },
    matchPolicy: { default: 'Equivalent', enum: ['Equivalent', 'Exact'] },
    sideEffects: { enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] },
    namespaceSelector: { default: {} },
    objectSelector: { default: {} },
    timeoutSeconds: { default: 10 },
  },
  V1RuleWithOperations: {
    scope: { default: '*', enum: ['*', 'Cluster', 'Namespaced'] },
  },
  AdmissionregistrationV1ServiceReference: {
    port: { default: 443 },
  },
};
