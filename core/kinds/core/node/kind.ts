// Nodes.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'Node',
  shortNames: ['no'],
  selectableFields: [{ name: 'spec.unschedulable', zero: 'false' }],
};
