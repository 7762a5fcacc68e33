// HorizontalPodAutoscalers.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'autoscaling',
  versions: ['v1', 'v2'],
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  storage: { version: 'v2' },
};
