// Events.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'Event',
  shortNames: ['ev'],
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'type',
    'reportingComponent',
    { name: 'source', path: 'source.component' },
  ],
};
