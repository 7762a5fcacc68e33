// Fields of ValidatingAdmissionPolicies.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1NamedRuleWithOperations: {
    scope: { default: '*', enum: ['*', 'Cluster', 'Namespaced'] },
  },
  V1MatchResources: {
    matchPolicy: { default: 'Equivalent', enum: ['Equivalent', 'Exact'] },
    namespaceSelector: { default: {} },
    objectSelector: { default: {} },
  },
  V1ValidatingAdmissionPolicySpec: {
    failurePolicy: { default: 'Fail', enum: ['Fail', 'Ignore'] },
  },
};
