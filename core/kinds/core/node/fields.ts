// Fields of Nodes.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1Taint: {
    effect: { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
  },
};
