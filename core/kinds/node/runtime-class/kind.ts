// RuntimeClasses.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'node.k8s.io',
  versions: ['v1'],
  kind: 'RuntimeClass',
};
