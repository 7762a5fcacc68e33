// Events of events.k8s.io.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'events.k8s.io',
  versions: ['v1'],
  kind: 'Event',
  shortNames: ['ev'],
  selectableFields: [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingController',
    'type',
  ],
  // One object with the events of the core group (KEP-383).
  storage: { type: 'events', version: 'v1' },
};
