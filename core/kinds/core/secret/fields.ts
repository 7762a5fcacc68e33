// Fields of Secrets.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1Secret: {
    type: { default: 'Opaque' },
  },
};
