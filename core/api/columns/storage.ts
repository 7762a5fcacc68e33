// Columns of volumes and storage kinds.

import type {
  V1CSIDriver,
  V1CSINode,
  V1CSIStorageCapacity,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1StorageClass,
  V1VolumeAttachment,
  V1VolumeAttributesClass,
} from '../../../generated/kubernetes.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Column } from '../definition.ts';
import { ageColumn, boolean, integer, isDeleting, nameColumn, text, unset, wide } from './column.ts';

const betaClass = 'volume.beta.kubernetes.io/storage-class';

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export const storageColumns: Readonly<Record<string, readonly Column[]>> = {
  persistentvolumes: [
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
  ],
  persistentvolumeclaims: [
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
  ],
  'storageclasses.storage.k8s.io': [
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
  ],
  'volumeattributesclasses.storage.k8s.io': [
    nameColumn,
    text<V1VolumeAttributesClass>('DriverName', ({ driverName }) => driverName),
    ageColumn,
  ],
  'volumeattachments.storage.k8s.io': [
    nameColumn,
    text<V1VolumeAttachment>('Attacher', ({ spec }) => spec.attacher),
    text<V1VolumeAttachment>('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    text<V1VolumeAttachment>('Node', ({ spec }) => spec.nodeName),
    boolean<V1VolumeAttachment>('Attached', ({ status }) => status?.attached ?? false),
    ageColumn,
  ],
  'csinodes.storage.k8s.io': [
    nameColumn,
    integer<V1CSINode>('Drivers', ({ spec }) => spec.drivers?.length ?? 0),
    ageColumn,
  ],
  'csidrivers.storage.k8s.io': [
    nameColumn,
    boolean<V1CSIDriver>('AttachRequired', ({ spec }) => spec.attachRequired ?? true),
    boolean<V1CSIDriver>('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount ?? false),
    boolean<V1CSIDriver>('StorageCapacity', ({ spec }) => spec.storageCapacity ?? false),
    text<V1CSIDriver>(
      'TokenRequests',
      ({ spec }) => spec.tokenRequests?.map((each) => each.audience).join(',') || unset,
    ),
    boolean<V1CSIDriver>('RequiresRepublish', ({ spec }) => spec.requiresRepublish ?? false),
    text<V1CSIDriver>('Modes', ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>'),
    ageColumn,
  ],
  'csistoragecapacities.storage.k8s.io': [
    nameColumn,
    text<V1CSIStorageCapacity>('StorageClassName', ({ storageClassName }) => storageClassName),
    text<V1CSIStorageCapacity>('Capacity', ({ capacity }) => capacity ?? unset),
  ],
};

function modes(list: readonly string[] | undefined): string {
  return [...new Set(list ?? [])].map((each) => getOwn(shortModes, each) ?? each).join(',');
}

function storageClass({ metadata, spec }: V1PersistentVolume | V1PersistentVolumeClaim): string {
  return metadata.annotations?.[betaClass] ?? spec?.storageClassName ?? '';
}
