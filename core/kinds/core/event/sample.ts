// A sample of Events.

import type { Sample } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: { name: 'sample', labels: { app: 'x' }, annotations: { note: 'y' }, namespace: 'a' },
    involvedObject: { kind: 'Pod', namespace: 'a', name: 'x' },
    reason: 'r',
    type: 'Normal',
  },
};
