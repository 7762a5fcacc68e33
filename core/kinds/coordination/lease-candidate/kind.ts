// LeaseCandidates: who would hold a Lease, for coordinated leader election (KEP-4355).

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'coordination.k8s.io',
  versions: ['v1alpha2'],
  kind: 'LeaseCandidate',
};
