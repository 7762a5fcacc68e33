// A sample of Events.

import type { Sample } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: { name: 'newer', namespace: 'a' },
    regarding: { kind: 'Pod', namespace: 'a', name: 'x' },
    reason: 'r',
    type: 'Normal',
    action: 'a',
    reportingController: 'c.example.com',
    reportingInstance: 'i',
    eventTime: '2026-01-01T00:00:00.000000Z',
    series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
  },
};
