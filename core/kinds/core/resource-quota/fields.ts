// Fields of ResourceQuotas.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1ScopedResourceSelectorRequirement: {
    operator: { enum: ['DoesNotExist', 'Exists', 'In', 'NotIn'] },
  },
};
