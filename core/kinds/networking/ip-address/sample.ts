// A sample of IPAddresses.

import type { Sample } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: { name: '192.0.2.9' }, spec: { parentRef: { resource: 'services', namespace: 'a', name: 's' } } },
};
