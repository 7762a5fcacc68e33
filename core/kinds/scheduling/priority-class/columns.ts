// What `kubectl get` shows of PriorityClasses.

import type { V1PriorityClass } from '../../../../generated/kubernetes.ts';
import { ageColumn, boolean, integer, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  integer<V1PriorityClass>('Value', ({ value }) => value),
  boolean<V1PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false),
  ageColumn,
  text<V1PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
];
