// Fields of Deployments.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1DeploymentStrategy: {
    type: { default: 'RollingUpdate', enum: ['Recreate', 'RollingUpdate'] },
  },
  V1DeploymentSpec: {
    replicas: { default: 1 },
    revisionHistoryLimit: { default: 10 },
    progressDeadlineSeconds: { default: 600 },
    strategy: { default: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } } },
  },
  V1RollingUpdateDeployment: {
    maxUnavailable: { default: '25%' },
    maxSurge: { default: '25%' },
  },
};
