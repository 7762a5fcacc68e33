// APIServices.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'apiregistration.k8s.io',
  versions: ['v1'],
  kind: 'APIService',
  categories: ['api-extensions'],
};
