// Fields of Ingresses.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1HTTPIngressPath: {
    pathType: { enum: ['Exact', 'ImplementationSpecific', 'Prefix'] },
  },
  V1Ingress: {
    status: { default: { loadBalancer: {} } },
  },
  V1IngressStatus: {
    loadBalancer: { default: {} },
  },
};
