// Jobs.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'batch',
  versions: ['v1'],
  kind: 'Job',
  categories: ['all'],
  selectableFields: [{ name: 'status.successful', path: 'status.succeeded', zero: '0' }],
  unselectable: 'field label %q not supported for batchv1.Job',
};
