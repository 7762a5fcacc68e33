// What `kubectl get` shows of RuntimeClasses.

import type { V1RuntimeClass } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1RuntimeClass>('Handler', ({ handler }) => handler),
  ageColumn,
];
