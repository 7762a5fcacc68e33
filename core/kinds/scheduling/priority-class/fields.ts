// Fields of PriorityClasses.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1PriorityClass: {
    preemptionPolicy: { default: 'PreemptLowerPriority', enum: ['Never', 'PreemptLowerPriority'] },
  },
};
