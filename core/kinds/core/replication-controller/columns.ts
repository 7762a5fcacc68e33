// What `kubectl get` shows of ReplicationControllers.

import type { V1ReplicationController } from '../../../../generated/kubernetes.ts';
import { labelsText, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { replicaColumns } from './replica-columns.ts';

export const columns: readonly Column[] = [
  ...replicaColumns,
  wide(text<V1ReplicationController>('Selector', ({ spec }) => labelsText(spec?.selector))),
];
