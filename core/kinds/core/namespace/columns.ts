// What `kubectl get` shows of Namespaces.

import type { V1Namespace } from '../../../../generated/kubernetes.ts';
import type { Column } from '../../../api/definition.ts';
import { ageColumn, nameColumn, text } from '../../column.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Namespace>('Status', ({ status }) => status?.phase),
  ageColumn,
];
