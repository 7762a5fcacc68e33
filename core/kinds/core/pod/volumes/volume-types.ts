// The types of volumes, each from its own file: what validation, defaults, warnings, the Pod Security Standards and whoever looks for
// what a volume names go by.

import { awsElasticBlockStore } from './aws-elastic-block-store.ts';
import { azureDisk } from './azure-disk.ts';
import { azureFile } from './azure-file.ts';
import { cephfs } from './ceph-fs.ts';
import { cinder } from './cinder.ts';
import { configMap } from './config-map.ts';
import { csi } from './csi.ts';
import { downwardAPI } from './downward-api.ts';
import { emptyDir } from './empty-dir.ts';
import { ephemeral } from './ephemeral.ts';
import { fc } from './fc.ts';
import { flexVolume } from './flex-volume.ts';
import { flocker } from './flocker.ts';
import { gcePersistentDisk } from './gce-persistent-disk.ts';
import { gitRepo } from './git-repo.ts';
import { glusterfs } from './glusterfs.ts';
import { hostPath } from './host-path.ts';
import { image } from './image.ts';
import { iscsi } from './iscsi.ts';
import { local } from './local.ts';
import { nfs } from './nfs.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { photonPersistentDisk } from './photon-persistent-disk.ts';
import { portworxVolume } from './portworx-volume.ts';
import { projected } from './projected.ts';
import { quobyte } from './quobyte.ts';
import { rbd } from './rbd.ts';
import { scaleIO } from './scale-io.ts';
import { secret } from './secret.ts';
import { storageos } from './storage-os.ts';
import type { VolumeType, VolumeTypeName, VolumeTypeOf } from './volume-type.ts';
import { vsphereVolume } from './vsphere-volume.ts';

/** One of each field that a volume or a PersistentVolume can have: the compiler asks for the others. */
const all: { readonly [Name in VolumeTypeName]: VolumeTypeOf<Name> } = {
  awsElasticBlockStore,
  azureDisk,
  azureFile,
  cephfs,
  cinder,
  configMap,
  csi,
  downwardAPI,
  emptyDir,
  ephemeral,
  fc,
  flexVolume,
  flocker,
  gcePersistentDisk,
  gitRepo,
  glusterfs,
  hostPath,
  image,
  iscsi,
  local,
  nfs,
  persistentVolumeClaim,
  photonPersistentDisk,
  portworxVolume,
  projected,
  quobyte,
  rbd,
  scaleIO,
  secret,
  storageos,
  vsphereVolume,
};

// as: which type goes with a source is said by the source's field; `sourcesOf` is the one place where the two meet.
const types: ReadonlyMap<string, VolumeType> = new Map(Object.entries(all as Readonly<Record<string, VolumeType>>));

export const volumeType = (name: string): VolumeType | undefined => types.get(name);

export interface Sourced {
  readonly name: string;
  readonly type: VolumeType;
  readonly source: object;
}

/** The sources of a volume, or of a PersistentVolume's spec: one, unless the volume is yet to be validated. */
export function sourcesOf(volume: object): Sourced[] {
  const found: Sourced[] = [];
  for (const name in volume) {
    const type = types.get(name);
    if (!type) continue;
    // as: a field of the volume, by the schema an object.
    const source = (volume as { readonly [field: string]: object | undefined })[name];
    if (source) found.push({ name, type, source });
  }
  return found;
}
