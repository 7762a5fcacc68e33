// Fields of IngressClasses.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1IngressClassParametersReference: {
    scope: { default: 'Cluster', enum: ['Cluster', 'Namespace'] },
  },
};
