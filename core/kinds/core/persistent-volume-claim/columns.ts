// What `kubectl get` shows of PersistentVolumeClaims.

import type { V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { ageColumn, isDeleting, nameColumn, text, unset, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { modes, storageClass } from '../persistent-volume/volume-columns.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1PersistentVolumeClaim>('Status', (claim) => (isDeleting(claim) ? 'Terminating' : claim.status?.phase)),
  text<V1PersistentVolumeClaim>('Volume', ({ spec }) => spec?.volumeName ?? ''),
  text<V1PersistentVolumeClaim>('Capacity', ({ spec, status }) =>
    spec?.volumeName ? status?.capacity?.['storage'] : '',
  ),
  text<V1PersistentVolumeClaim>('Access Modes', ({ spec, status }) =>
    spec?.volumeName ? modes(status?.accessModes) : '',
  ),
  text<V1PersistentVolumeClaim>('StorageClass', storageClass),
  text<V1PersistentVolumeClaim>('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName || unset),
  ageColumn,
  wide(text<V1PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec?.volumeMode ?? unset)),
];
