// PriorityClasses.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'scheduling.k8s.io',
  versions: ['v1'],
  kind: 'PriorityClass',
  shortNames: ['pc'],
};
