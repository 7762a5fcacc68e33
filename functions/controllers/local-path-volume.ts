// A directory of one node as a volume: what is made for a claim whose StorageClass names our provisioner.

import { createHash } from 'node:crypto';
import { type Action, type ObjectOf, regarding, type Snapshot } from './controller.ts';
import { type Claim, selectedNodeAnnotation } from './volume-match.ts';

/** The provisioner that a StorageClass names to get directories of nodes as volumes. */
export const localPathProvisioner = 'zeroplane.dev/local-path';
/** On a volume: who made it. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';

/** It follows from the claim, so that the volume is made once. */
export function volumeNameOf({ metadata }: Claim): string {
  return `pvc-${metadata.uid}`;
}

export function createLocalPath(
  snapshot: Snapshot<'nodes'>,
  claim: Claim,
  storageClass: ObjectOf<'storage.k8s.io/storageclasses'>,
  directory: string,
  node: string,
): Action<'persistentvolumes'> {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const volumeName = volumeNameOf(claim);
  const path = `${storageClass.parameters?.['path'] ?? directory}/${volumeName}_${namespace}_${name}`;
  const hostname = snapshot.get('nodes', '', node)?.metadata.labels?.['kubernetes.io/hostname'] ?? node;
  const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }] };
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { [provisionedBy]: localPathProvisioner, [selectedNodeAnnotation]: node },
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '1Gi' },
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion },
    },
  };
  return {
    do: 'create',
    type: 'persistentvolumes',
    object,
    existsIsFine: true,
    announce: {
      regarding: regarding('v1', 'PersistentVolumeClaim', claim),
      success: {
        type: 'Normal',
        reason: 'ProvisioningSucceeded',
        message: `Successfully provisioned volume ${volumeName}`,
      },
      failure: { type: 'Warning', reason: 'ProvisioningFailed', message: 'failed to provision volume: ' },
    },
  };
}

/** With immediate binding nobody has chosen a node: the claim's uid does. */
export function anyNode(snapshot: Snapshot<'nodes'>, uid: string): string | undefined {
  const ready = snapshot
    .list('nodes')
    .filter((each) => each.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'))
    .map((each) => each.metadata.name)
    .sort();
  return ready[createHash('sha256').update(uid).digest().readUInt32BE() % ready.length];
}
