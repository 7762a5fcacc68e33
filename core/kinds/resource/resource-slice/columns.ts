// What `kubectl get` shows of ResourceSlices.

import type { V1ResourceSlice } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ResourceSlice>('Node', ({ spec }) => spec?.nodeName ?? ''),
  text<V1ResourceSlice>('Driver', ({ spec }) => spec?.driver),
  text<V1ResourceSlice>('Pool', ({ spec }) => spec?.pool.name),
  ageColumn,
];
