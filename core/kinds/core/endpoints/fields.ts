// Fields of Endpoints.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  CoreV1EndpointPort: {
    protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
  },
};
