// Workloads: which groups of pods belong together, for schedulers that place a group as one (KEP-4671, KEP-5832).

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'scheduling.k8s.io',
  versions: ['v1alpha2'],
  kind: 'Workload',
};
