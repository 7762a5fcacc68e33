// Fields of PodDisruptionBudgets.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1PodDisruptionBudgetSpec: {
    unhealthyPodEvictionPolicy: { enum: ['AlwaysAllow', 'IfHealthyBudget'] },
  },
};
