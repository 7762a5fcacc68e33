// Roles.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'rbac.authorization.k8s.io',
  versions: ['v1'],
  kind: 'Role',
};
