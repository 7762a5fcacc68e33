// What `kubectl get` shows of Leases.

import type { V1Lease } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity),
  ageColumn,
];
