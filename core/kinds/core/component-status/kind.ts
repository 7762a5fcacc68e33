// ComponentStatuses.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'ComponentStatus',
  shortNames: ['cs'],
  // Computed, not stored.
  verbs: ['get', 'list'],
};
