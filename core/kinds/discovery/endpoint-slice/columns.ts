// What `kubectl get` shows of EndpointSlices.

import type { V1EndpointSlice } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, shortened, text, unset } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

const maxEndpoints = 3;

export const columns: readonly Column[] = [
  nameColumn,
  text<V1EndpointSlice>('AddressType', ({ addressType }) => addressType),
  text<V1EndpointSlice>('Ports', ({ ports }) =>
    ports?.length
      ? shortened(
          ports.map((each) => String(each.port ?? '*')),
          maxEndpoints,
        )
      : unset,
  ),
  text<V1EndpointSlice>('Endpoints', ({ endpoints }) =>
    endpoints?.length
      ? shortened(
          endpoints.flatMap((each) => each.addresses),
          maxEndpoints,
        )
      : unset,
  ),
  ageColumn,
];
