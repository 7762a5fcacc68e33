// What `kubectl get` shows of ReplicaSets.

import type { V1ReplicaSet } from '../../../../generated/kubernetes.ts';
import { selectorText, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { replicaColumns } from '../../core/replication-controller/replica-columns.ts';

export const columns: readonly Column[] = [
  ...replicaColumns,
  wide(text<V1ReplicaSet>('Selector', ({ spec }) => selectorText(spec?.selector))),
];
