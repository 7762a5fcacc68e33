// Fields of Services.

import type { Fields } from '../../../api/fields.ts';

const trafficPolicies = ['Cluster', 'Local'];

export const fields: Fields = {
  V1ServiceSpec: {
    type: { default: 'ClusterIP', enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] },
    sessionAffinity: { default: 'None', enum: ['ClientIP', 'None'] },
    externalTrafficPolicy: { enum: trafficPolicies },
    internalTrafficPolicy: { enum: trafficPolicies },
    ipFamilyPolicy: { enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'] },
    trafficDistribution: { enum: ['PreferClose', 'PreferSameNode', 'PreferSameZone'] },
  },
  V1ServicePort: {
    protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
  },
  V1Service: {
    status: { default: { loadBalancer: {} } },
  },
  V1ServiceStatus: {
    loadBalancer: { default: {} },
  },
};
