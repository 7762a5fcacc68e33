// Fields of ServiceAccounts.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1TokenRequestSpec: {
    expirationSeconds: { default: 3600 },
  },
};
