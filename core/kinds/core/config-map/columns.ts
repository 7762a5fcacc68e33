// What `kubectl get` shows of ConfigMaps.

import type { V1ConfigMap } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { size } from './entries.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ConfigMap>('Data', ({ data, binaryData }) => size(data) + size(binaryData)),
  ageColumn,
];
