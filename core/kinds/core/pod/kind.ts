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
    // Its name in old clients.
    { name: 'spec.host', path: 'spec.nodeName' },
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    { name: 'spec.hostNetwork', zero: 'false' },
    'status.phase',
    'status.podIP',
    // As in Kubernetes, where nothing fills it.
    { name: 'status.podIPs', path: '' },
    'status.nominatedNodeName',
  ],
};
