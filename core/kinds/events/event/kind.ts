// Events of events.k8s.io.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'events.k8s.io',
  versions: ['v1'],
  kind: 'Event',
  shortNames: ['ev'],
  selectableFields: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => ({
      name: `regarding.${field}`,
      path: `involvedObject.${field}`,
    })),
    'reason',
    { name: 'reportingController', path: 'reportingComponent' },
    'type',
  ],
  // One object with the events of the core group (KEP-383).
  storage: { type: 'events', version: 'v1' },
};
