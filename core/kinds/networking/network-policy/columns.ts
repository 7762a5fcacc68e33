// What `kubectl get` shows of NetworkPolicies.

import type { V1NetworkPolicy } from '../../../../generated/kubernetes.ts';
import type { Column } from '../../../api/definition.ts';
import { ageColumn, nameColumn, selectorText, text } from '../../column.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1NetworkPolicy>('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector)),
  ageColumn,
];
