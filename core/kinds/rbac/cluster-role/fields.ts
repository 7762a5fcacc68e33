// Fields of ClusterRoles.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ClusterRole: {
    rules: { nil: true },
  },
};
