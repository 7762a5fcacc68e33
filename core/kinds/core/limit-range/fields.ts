// Fields of LimitRanges.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1LimitRangeSpec: {
    limits: { nil: true },
  },
};
