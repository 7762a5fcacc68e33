// Fields of HorizontalPodAutoscalers.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V2MetricSpec: {
    type: { enum: ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'] },
  },
  V2MetricTarget: {
    type: { enum: ['AverageValue', 'Utilization', 'Value'] },
  },
  V2HPAScalingRules: {
    selectPolicy: { enum: ['Disabled', 'Max', 'Min'] },
  },
  V2HPAScalingPolicy: {
    type: { enum: ['Percent', 'Pods'] },
  },
  V1HorizontalPodAutoscalerSpec: {
    minReplicas: { default: 1 },
  },
  V2HorizontalPodAutoscalerSpec: {
    minReplicas: { default: 1 },
    metrics: {
      default: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  },
  V2HorizontalPodAutoscalerStatus: {
    currentMetrics: { nil: true },
  },
};
