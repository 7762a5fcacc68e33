// Fields of MutatingAdmissionPolicies.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1MutatingAdmissionPolicySpec: {
    failurePolicy: { default: 'Fail', enum: ['Fail', 'Ignore'] },
    reinvocationPolicy: { enum: ['IfNeeded', 'Never'] },
  },
  V1Mutation: {
    patchType: { enum: ['ApplyConfiguration', 'JSONPatch'] },
  },
};
