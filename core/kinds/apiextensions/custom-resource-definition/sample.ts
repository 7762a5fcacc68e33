// A sample of CustomResourceDefinitions.

import type { Sample } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: { name: 'samples.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'samples', singular: 'sample', kind: 'Sample', shortNames: ['smp'], categories: ['all'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
          additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n' }],
          selectableFields: [{ jsonPath: '.spec.s' }],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  default: { n: 1 },
                  required: ['n'],
                  properties: {
                    n: { type: 'integer', default: 1, minimum: 0 },
                    s: { type: 'string', pattern: '^a*$', enum: ['a', 'aa'] },
                    l: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                  },
                  'x-kubernetes-validations': [{ rule: 'self.n < 10', message: 'm' }],
                },
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
        },
      ],
    },
  },
};
