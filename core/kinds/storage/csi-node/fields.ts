// Fields of CSINodes.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1CSINodeSpec: {
    drivers: { nil: true },
  },
};
