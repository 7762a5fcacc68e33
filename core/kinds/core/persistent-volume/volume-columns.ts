// What columns of volumes and claims have in common.

import type { V1PersistentVolume, V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { getOwn } from '../../../machinery/own.ts';

const betaClass = 'volume.beta.kubernetes.io/storage-class';

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export function modes(list: readonly string[] | undefined): string {
  return [...new Set(list ?? [])].map((each) => getOwn(shortModes, each) ?? each).join(',');
}

export function storageClass({ metadata, spec }: V1PersistentVolume | V1PersistentVolumeClaim): string {
  return metadata.annotations?.[betaClass] ?? spec?.storageClassName ?? '';
}
