// ReplicationControllers.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'ReplicationController',
  shortNames: ['rc'],
  categories: ['all'],
  selectableFields: [{ name: 'status.replicas', zero: '0' }],
};
