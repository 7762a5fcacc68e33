// What `kubectl get` shows of ServiceCIDRs.

import type { V1ServiceCIDR } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ServiceCIDR>('CIDRs', ({ spec }) => spec?.cidrs?.join(',')),
  ageColumn,
];
