// What `kubectl get` shows of CSINodes.

import type { V1CSINode } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  integer<V1CSINode>('Drivers', ({ spec }) => spec.drivers?.length ?? 0),
  ageColumn,
];
