// FlowSchemas.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'flowcontrol.apiserver.k8s.io',
  versions: ['v1'],
  kind: 'FlowSchema',
};
