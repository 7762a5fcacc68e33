// What `kubectl get` shows of NetworkPolicies.

import type { V1NetworkPolicy } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, selectorText, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1NetworkPolicy>('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector)),
  ageColumn,
];
