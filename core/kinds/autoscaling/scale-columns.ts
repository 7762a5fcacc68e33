// What `kubectl get --subresource=scale` shows.

import type { V1Scale } from '../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn } from '../../api/column.ts';
import type { Column } from '../../api/definition.ts';

/** Of the scale of any object. */
export const scaleColumns: readonly Column[] = [
  nameColumn,
  integer<V1Scale>('Desired', ({ spec }) => spec?.replicas ?? 0),
  integer<V1Scale>('Available', ({ status }) => status?.replicas ?? 0),
  ageColumn,
];
