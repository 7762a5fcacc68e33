// A sample of NetworkPolicies.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: {
    metadata: sampleMetadata,
    spec: {
      podSelector: { matchLabels: { app: 'x' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { app: 'x' } }, namespaceSelector: { matchLabels: { app: 'x' } } },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
          ],
          ports: [{ port: 80, endPort: 90, protocol: 'TCP' }],
        },
      ],
      egress: [
        {
          to: [
            { podSelector: { matchLabels: { app: 'x' } }, namespaceSelector: { matchLabels: { app: 'x' } } },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
          ],
        },
      ],
    },
  },
};
