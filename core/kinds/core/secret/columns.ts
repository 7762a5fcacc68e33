// What `kubectl get` shows of Secrets.

import type { V1Secret } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { size } from '../config-map/entries.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Secret>('Type', ({ type }) => type),
  text<V1Secret>('Data', ({ data }) => size(data)),
  ageColumn,
];
