// What `kubectl get` shows of StorageClasses.

import type { V1StorageClass } from '../../../../generated/kubernetes.ts';
import { ageColumn, boolean, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  {
    ...nameColumn,
    cell: (object, now) => {
      const isDefault = object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
      const name = nameColumn.cell(object, now);
      return isDefault ? `${name} (default)` : name;
    },
  },
  text<V1StorageClass>('Provisioner', ({ provisioner }) => provisioner),
  text<V1StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
  text<V1StorageClass>('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
  boolean<V1StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  ageColumn,
];
