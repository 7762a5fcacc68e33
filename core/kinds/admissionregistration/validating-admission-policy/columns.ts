// What `kubectl get` shows of ValidatingAdmissionPolicies.

import type { V1ValidatingAdmissionPolicy } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { paramKind } from '../admission-columns.ts';

export const columns: readonly Column[] = [
  nameColumn,
  integer<V1ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec?.validations?.length ?? 0),
  paramKind,
  ageColumn,
];
