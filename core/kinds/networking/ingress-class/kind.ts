// IngressClasses.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'networking.k8s.io',
  versions: ['v1'],
  kind: 'IngressClass',
};
