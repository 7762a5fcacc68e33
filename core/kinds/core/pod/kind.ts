// Pods.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    { name: 'spec.hostNetwork', zero: 'false' },
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
};
