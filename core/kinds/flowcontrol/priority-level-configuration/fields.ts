// Fields of PriorityLevelConfigurations.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1LimitResponse: {
    type: { enum: ['Queue', 'Reject'] },
  },
  V1PriorityLevelConfigurationSpec: {
    type: { enum: ['Exempt', 'Limited'] },
  },
  V1LimitedPriorityLevelConfiguration: {
    nominalConcurrencyShares: { default: 30 },
    lendablePercent: { default: 0 },
  },
  V1ExemptPriorityLevelConfiguration: {
    nominalConcurrencyShares: { default: 0 },
    lendablePercent: { default: 0 },
  },
  V1QueuingConfiguration: {
    queues: { default: 64 },
    handSize: { default: 8 },
    queueLengthLimit: { default: 50 },
  },
};
