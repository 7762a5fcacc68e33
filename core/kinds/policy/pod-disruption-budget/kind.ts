// PodDisruptionBudgets.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'policy',
  versions: ['v1'],
  kind: 'PodDisruptionBudget',
  shortNames: ['pdb'],
};
