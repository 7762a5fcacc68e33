// Namespaces.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'Namespace',
  shortNames: ['ns'],
  selectableFields: ['status.phase'],
};
