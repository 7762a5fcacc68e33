// What `kubectl get` shows of MutatingAdmissionPolicies.

import type { V1MutatingAdmissionPolicy } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { paramKind } from '../admission-columns.ts';

export const columns: readonly Column[] = [
  nameColumn,
  integer<V1MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec?.mutations?.length ?? 0),
  paramKind,
  ageColumn,
];
