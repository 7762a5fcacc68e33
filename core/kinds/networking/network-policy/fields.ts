// Fields of NetworkPolicies.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1NetworkPolicyPort: {
    protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
  },
  V1NetworkPolicySpec: {
    policyTypes: { enum: ['Egress', 'Ingress'] },
  },
};
