// Fields of Roles.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1Role: {
    rules: { nil: true },
  },
};
