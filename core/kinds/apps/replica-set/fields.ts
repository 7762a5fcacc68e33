// Fields of ReplicaSets.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ReplicaSetSpec: {
    replicas: { default: 1 },
  },
};
