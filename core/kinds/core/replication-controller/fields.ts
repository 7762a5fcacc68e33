// Fields of ReplicationControllers.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ReplicationControllerSpec: {
    replicas: { default: 1 },
  },
};
