// Fields of FlowSchemas.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1FlowSchemaSpec: {
    matchingPrecedence: { default: 1000 },
  },
};
