// What `kubectl get` shows of Namespaces.

import type { V1Namespace } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Namespace>('Status', ({ status }) => status?.phase),
  ageColumn,
];
