// What `kubectl get` shows of VolumeAttributesClasses.

import type { V1VolumeAttributesClass } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1VolumeAttributesClass>('DriverName', ({ driverName }) => driverName),
  ageColumn,
];
