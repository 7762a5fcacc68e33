// Fields of MutatingWebhookConfigurations.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1MutatingWebhook: {
    failurePolicy: { default: 'Fail', enum: ['Fail', 'Ignore'] },
    matchPolicy: { default: 'Equivalent', enum: ['Equivalent', 'Exact'] },
    reinvocationPolicy: { default: 'Never', enum: ['IfNeeded', 'Never'] },
    sideEffects: { enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] },
    namespaceSelector: { default: {} },
    objectSelector: { default: {} },
    timeoutSeconds: { default: 10 },
  },
};
