// Fields of RoleBindings.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1RoleRef: {
    apiGroup: { default: 'rbac.authorization.k8s.io' },
  },
};
