// A sample of HorizontalPodAutoscalers.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v2: {
    metadata: sampleMetadata,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        {
          type: 'Pods',
          pods: {
            metric: { name: 'm', selector: { matchLabels: { app: 'x' } } },
            target: { type: 'AverageValue', averageValue: '1' },
          },
        },
      ],
      behavior: {
        scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }], stabilizationWindowSeconds: 1 },
      },
    },
  },
  v1: { metadata: { name: 'older' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 } },
};
