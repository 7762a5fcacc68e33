// What `kubectl get` shows of CSIDrivers.

import type { V1CSIDriver } from '../../../../generated/kubernetes.ts';
import { ageColumn, boolean, nameColumn, text, unset } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  boolean<V1CSIDriver>('AttachRequired', ({ spec }) => spec.attachRequired ?? true),
  boolean<V1CSIDriver>('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount ?? false),
  boolean<V1CSIDriver>('StorageCapacity', ({ spec }) => spec.storageCapacity ?? false),
  text<V1CSIDriver>('TokenRequests', ({ spec }) => spec.tokenRequests?.map((each) => each.audience).join(',') || unset),
  boolean<V1CSIDriver>('RequiresRepublish', ({ spec }) => spec.requiresRepublish ?? false),
  text<V1CSIDriver>('Modes', ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>'),
  ageColumn,
];
