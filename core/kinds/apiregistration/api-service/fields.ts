// Fields of APIServices.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  ApiregistrationV1ServiceReference: {
    port: { default: 443 },
  },
};
