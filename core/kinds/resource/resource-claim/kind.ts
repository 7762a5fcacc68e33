// ResourceClaims.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'resource.k8s.io',
  versions: ['v1'],
  kind: 'ResourceClaim',
};
