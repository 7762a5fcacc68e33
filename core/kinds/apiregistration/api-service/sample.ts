// A sample of APIServices.

import type { Sample } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: { name: 'v9.sample.example.com' },
    spec: {
      group: 'sample.example.com',
      version: 'v9',
      groupPriorityMinimum: 9,
      versionPriority: 9,
      insecureSkipTLSVerify: true,
      service: { namespace: 'a', name: 's' },
    },
  },
};
