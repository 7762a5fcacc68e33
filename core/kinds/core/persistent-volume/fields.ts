// Fields of PersistentVolumes.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1PersistentVolumeSpec: {
    accessModes: { enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] },
    persistentVolumeReclaimPolicy: { default: 'Retain', enum: ['Delete', 'Recycle', 'Retain'] },
    volumeMode: { default: 'Filesystem', enum: ['Block', 'Filesystem'] },
  },
  V1ISCSIPersistentVolumeSource: {
    iscsiInterface: { default: 'default' },
  },
  V1RBDPersistentVolumeSource: {
    pool: { default: 'rbd' },
    user: { default: 'admin' },
    keyring: { default: '/etc/ceph/keyring' },
  },
  V1ScaleIOPersistentVolumeSource: {
    storageMode: { default: 'ThinProvisioned' },
    fsType: { default: 'xfs' },
  },
  V1PersistentVolume: {
    status: { default: { phase: 'Pending' } },
  },
  V1PersistentVolumeStatus: {
    phase: { default: 'Pending' },
  },
};
