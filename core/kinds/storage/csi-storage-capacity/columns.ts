// What `kubectl get` shows of CSIStorageCapacities.

import type { V1CSIStorageCapacity } from '../../../../generated/kubernetes.ts';
import { nameColumn, text, unset } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1CSIStorageCapacity>('StorageClassName', ({ storageClassName }) => storageClassName),
  text<V1CSIStorageCapacity>('Capacity', ({ capacity }) => capacity ?? unset),
];
