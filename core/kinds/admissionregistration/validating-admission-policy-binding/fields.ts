// Fields of ValidatingAdmissionPolicyBindings.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ValidatingAdmissionPolicyBindingSpec: {
    validationActions: { enum: ['Audit', 'Deny', 'Warn'] },
  },
};
