// EndpointSlices.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'discovery.k8s.io',
  versions: ['v1'],
  kind: 'EndpointSlice',
};
