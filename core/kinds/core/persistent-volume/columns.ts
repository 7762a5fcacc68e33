// What `kubectl get` shows of PersistentVolumes.

import type { V1PersistentVolume } from '../../../../generated/kubernetes.ts';
import { ageColumn, isDeleting, nameColumn, text, unset, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { modes, storageClass } from './volume-columns.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1PersistentVolume>('Capacity', ({ spec }) => spec?.capacity?.['storage']),
  text<V1PersistentVolume>('Access Modes', ({ spec }) => modes(spec?.accessModes)),
  text<V1PersistentVolume>('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy),
  text<V1PersistentVolume>('Status', (volume) => (isDeleting(volume) ? 'Terminating' : volume.status?.phase)),
  text<V1PersistentVolume>('Claim', ({ spec }) =>
    spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : '',
  ),
  text<V1PersistentVolume>('StorageClass', storageClass),
  text<V1PersistentVolume>('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName || unset),
  text<V1PersistentVolume>('Reason', ({ status }) => status?.reason),
  ageColumn,
  wide(text<V1PersistentVolume>('VolumeMode', ({ spec }) => spec?.volumeMode ?? unset)),
];
