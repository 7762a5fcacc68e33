// What `kubectl get` shows of StatefulSets.

import type { V1StatefulSet } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, templateColumns, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1StatefulSet>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  ageColumn,
  ...templateColumns<V1StatefulSet>(({ spec }) => spec?.template),
];
