// A sample of Ingresses.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      tls: [{ hosts: ['h.example.com'], secretName: 's' }],
      rules: [
        {
          host: 'h.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
      defaultBackend: { service: { name: 's', port: { name: 'p' } } },
    },
  },
};
