// Fields of CustomResourceDefinitions.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1CustomResourceDefinitionSpec: {
    scope: { enum: ['Cluster', 'Namespaced'] },
    conversion: { default: { strategy: 'None' } },
  },
  V1CustomResourceConversion: {
    strategy: { enum: ['None', 'Webhook'] },
  },
  ApiextensionsV1ServiceReference: {
    port: { default: 443 },
  },
  V1CustomResourceDefinitionStatus: {
    conditions: { nil: true },
    storedVersions: { nil: true },
  },
};
