// Columns of what keeps a number of pods: ReplicaSets and ReplicationControllers.

import type { V1ReplicaSet, V1ReplicationController } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, templateColumns } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

type Replicated = V1ReplicaSet | V1ReplicationController;

export const replicaColumns: readonly Column[] = [
  nameColumn,
  integer<Replicated>('Desired', ({ spec }) => spec?.replicas ?? 0),
  integer<Replicated>('Current', ({ status }) => status?.replicas ?? 0),
  integer<Replicated>('Ready', ({ status }) => status?.readyReplicas ?? 0),
  ageColumn,
  ...templateColumns<Replicated>(({ spec }) => spec?.template),
];
