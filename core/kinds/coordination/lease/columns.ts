// What `kubectl get` shows of Leases.

import type { V1Lease } from '../../../../generated/kubernetes.ts';
import type { Column } from '../../../api/definition.ts';
import { ageColumn, nameColumn, text } from '../../column.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity),
  ageColumn,
];
