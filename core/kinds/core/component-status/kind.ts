// ComponentStatuses.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'ComponentStatus',
  shortNames: ['cs'],
  // Computed, not stored.
  verbs: ['get', 'list'],
};
