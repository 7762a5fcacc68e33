// Leases.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'coordination.k8s.io',
  versions: ['v1'],
  kind: 'Lease',
};
