// Fields of EndpointSlices.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  DiscoveryV1EndpointPort: {
    protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
    name: { default: '' },
  },
  V1EndpointSlice: {
    addressType: { enum: ['FQDN', 'IPv4', 'IPv6'] },
    endpoints: { nil: true },
    ports: { nil: true },
  },
};
