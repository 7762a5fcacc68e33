// ReplicaSets.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'apps',
  versions: ['v1'],
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  selectableFields: [{ name: 'status.replicas', zero: '0' }],
};
