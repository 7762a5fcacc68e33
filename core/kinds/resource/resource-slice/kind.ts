// ResourceSlices.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'resource.k8s.io',
  versions: ['v1'],
  kind: 'ResourceSlice',
  selectableFields: ['spec.nodeName', 'spec.driver'],
  unselectable: 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: %s',
};
