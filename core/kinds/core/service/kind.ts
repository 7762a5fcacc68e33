// Services.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  selectableFields: ['spec.clusterIP', 'spec.type'],
};
