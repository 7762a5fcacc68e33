// Binds claims to volumes, makes local-path volumes for claims that have none, and gives volumes back.
// A binding is written on the volume first, under the condition that nobody took it: two controllers bind it once.

import { createHash } from 'node:crypto';
import type { EventText } from '../../core/registry/event-recorder.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  type ObjectOf,
  regarding,
  type Snapshot,
  splitKey,
  watch,
} from './controller.ts';
import { patchSeen } from './seen-object.ts';
import { type Claim, findVolume, isReservedFor, selectedNodeAnnotation, type Volume } from './volume-match.ts';

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';
const classes = 'storage.k8s.io/storageclasses';

/** The provisioner that a StorageClass names to get directories of nodes as volumes. */
export const localPathProvisioner = 'zeroplane.dev/local-path';
/** On a volume: who made it. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
const boundByController = 'pv.kubernetes.io/bound-by-controller';
const bindCompleted = 'pv.kubernetes.io/bind-completed';
const defaultClass = 'storageclass.kubernetes.io/is-default-class';

/** `directory`: where on a node the directories are, unless the StorageClass has a parameter `path`. */
export function createPersistentVolumeController(directory = '/var/lib/zeroplane/volumes'): Controller {
  return {
    name: 'persistentvolume',
    user: controllerUser('persistent-volume-binder'),
    watches: [
      watch(claims, ({ object }) => {
        const keys = [`claim ${object.metadata.namespace}/${object.metadata.name}`];
        if (object.spec?.volumeName) keys.push(`volume ${object.spec.volumeName}`);
        return keys;
      }),
      watch(claims, ({ type, object }, snapshot) =>
        type === 'DELETED'
          ? snapshot
              .list(volumes)
              .filter((each) => each.spec?.claimRef?.uid === object.metadata.uid)
              .map((each) => `volume ${each.metadata.name}`)
          : [],
      ),
      watch(volumes, ({ object }, snapshot) => {
        const reference = object.spec?.claimRef;
        const keys = [`volume ${object.metadata.name}`];
        if (reference) keys.push(`claim ${reference.namespace}/${reference.name}`);
        else keys.push(...pending(snapshot));
        return keys;
      }),
      watch(classes, (_event, snapshot) => pending(snapshot)),
    ],
    reads: ['nodes'],
    owns: [claims, volumes],
    reconcile(snapshot, key): Action[] {
      const [what, rest = ''] = key.split(' ');
      const { namespace, name } = splitKey(rest);
      if (what === 'volume') {
        const volume = snapshot.get(volumes, '', name);
        return volume ? reconcileVolume(snapshot, volume) : [];
      }
      const claim = snapshot.get(claims, namespace, name);
      return claim && !claim.metadata.deletionTimestamp ? reconcileClaim(snapshot, claim, directory) : [];
    },
  };
}

function pending(snapshot: Snapshot): string[] {
  return snapshot
    .list(claims)
    .filter((each) => each.status?.phase !== 'Bound')
    .map((each) => `claim ${each.metadata.namespace}/${each.metadata.name}`);
}

function reconcileClaim(snapshot: Snapshot, claim: Claim, directory: string): Action[] {
  const name = claim.spec?.volumeName;
  const completed = claim.metadata.annotations?.[bindCompleted] !== undefined;
  if (name) {
    const volume = snapshot.get(volumes, '', name);
    if (!volume && completed)
      return lose(claim, 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    if (!volume) return setStatus(claim, { phase: 'Pending' });
    if (!volume.spec?.claimRef || isReservedFor(volume, claim)) return bind(claim, volume);
    const message = 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!';
    return completed ? lose(claim, message) : setStatus(claim, { phase: 'Pending' });
  }
  const className = claim.spec?.storageClassName;
  if (className === undefined) {
    const standard = snapshot
      .list(classes)
      .filter((each) => each.metadata.annotations?.[defaultClass] === 'true')
      .sort((a, b) => ((a.metadata.creationTimestamp ?? '') > (b.metadata.creationTimestamp ?? '') ? -1 : 1))[0];
    // KEP-3333: a class that became the default later is given to claims that wait.
    if (standard)
      return [
        {
          do: 'update',
          type: claims,
          object: { ...claim, spec: { ...claim.spec, storageClassName: standard.metadata.name } },
        },
      ];
  }
  const storageClass = className ? snapshot.get(classes, '', className) : undefined;
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const chosen = claim.metadata.annotations?.[selectedNodeAnnotation];
  const volume = findVolume(snapshot, claim);
  if (volume && (!waits || chosen || volume.spec?.claimRef)) return bind(claim, volume);
  const status = setStatus(claim, { phase: 'Pending' });
  if (waits && !chosen) {
    return [
      ...status,
      tell(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding'),
    ];
  }
  if (!className) {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return [...status, tell(claim, 'Normal', 'FailedBinding', message)];
  }
  if (!storageClass) {
    return [
      ...status,
      tell(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`),
    ];
  }
  if (storageClass.provisioner === localPathProvisioner)
    return [...status, ...provision(snapshot, claim, storageClass, directory)];
  if (storageClass.provisioner === 'kubernetes.io/no-provisioner') return status;
  const message = `Waiting for a volume to be created either by the external provisioner '${storageClass.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  const annotation = 'volume.kubernetes.io/storage-provisioner';
  const known = claim.metadata.annotations?.[annotation] === storageClass.provisioner;
  const annotations = { [annotation]: storageClass.provisioner };
  return [
    ...(known ? [] : [patchSeen(claims, claim, { metadata: { annotations } })]),
    ...status,
    tell(claim, 'Normal', 'ExternalProvisioning', message),
  ];
}

/** The volume is taken first, then the claim says which it has, then its status. */
function bind(claim: Claim, volume: Volume): Action[] {
  const actions: Action[] = [];
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  if (volume.spec?.claimRef?.uid !== uid) {
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion };
    const annotations = volume.spec?.claimRef
      ? volume.metadata.annotations
      : { ...volume.metadata.annotations, [boundByController]: 'yes' };
    const object = { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } };
    actions.push({ do: 'update', type: volumes, object }, { do: 'barrier' });
  }
  const annotations = {
    ...claim.metadata.annotations,
    [bindCompleted]: 'yes',
    ...(!claim.spec?.volumeName && { [boundByController]: 'yes' }),
  };
  const bound = {
    ...claim,
    metadata: { ...claim.metadata, annotations },
    spec: { ...claim.spec, volumeName: volume.metadata.name },
  };
  if (!sameJson(bound, claim)) actions.push({ do: 'update', type: claims, object: bound });
  const { accessModes, capacity } = volume.spec ?? {};
  actions.push(...setStatus(bound, { phase: 'Bound', accessModes, capacity }, claim));
  return actions;
}

function setStatus(claim: Claim, change: object, before: Claim = claim): Action[] {
  const status = { ...claim.status, ...change };
  if (sameJson(status, before.status)) return [];
  return [{ do: 'update', type: claims, subresource: 'status', object: { ...claim, status } }];
}

function lose(claim: Claim, message: string): Action[] {
  if (claim.status?.phase === 'Lost') return [];
  return [...setStatus(claim, { phase: 'Lost' }), tell(claim, 'Warning', 'ClaimLost', message)];
}

/** A directory of one node. The volume's name follows from the claim, so that it is made once. */
function provision(
  snapshot: Snapshot,
  claim: Claim,
  storageClass: ObjectOf<typeof classes>,
  directory: string,
): Action[] {
  const { namespace, name, uid, resourceVersion, annotations } = claim.metadata;
  const node = annotations?.[selectedNodeAnnotation] ?? anyNode(snapshot, uid);
  if (!node) return [tell(claim, 'Warning', 'ProvisioningFailed', 'there is no node that could hold the volume')];
  const volumeName = `pvc-${uid}`;
  const existing = snapshot.get(volumes, '', volumeName);
  if (existing) return isReservedFor(existing, claim) ? bind(claim, existing) : [];
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
  return [
    {
      do: 'create',
      type: volumes,
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
    },
  ];
}

/** With immediate binding nobody has chosen a node: the claim's uid does. */
function anyNode(snapshot: Snapshot, uid: string): string | undefined {
  const ready = snapshot
    .list('nodes')
    .filter((each) => each.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'))
    .map((each) => each.metadata.name)
    .sort();
  return ready[createHash('sha256').update(uid).digest().readUInt32BE() % ready.length];
}

function reconcileVolume(snapshot: Snapshot, volume: Volume): Action[] {
  const reference = volume.spec?.claimRef;
  if (!reference?.uid) return setPhase(volume, 'Available');
  const claim = snapshot.get(claims, reference.namespace ?? '', reference.name ?? '');
  if (claim && claim.metadata.uid === reference.uid) {
    if (claim.spec?.volumeName === volume.metadata.name) return setPhase(volume, 'Bound');
    if (!claim.spec?.volumeName) return [];
    // The claim went elsewhere: a volume that was made for it goes, any other is free again.
    if (volume.metadata.annotations?.[provisionedBy]) return [remove(volume)];
    const { claimRef: _, ...spec } = volume.spec ?? {};
    return [{ do: 'update', type: volumes, object: { ...volume, spec } }];
  }
  const gone: Action[] = [
    {
      do: 'expectAbsent',
      type: claims,
      namespace: reference.namespace ?? '',
      name: reference.name ?? '',
      uid: reference.uid,
    },
    { do: 'barrier' },
  ];
  const released = setPhase(volume, 'Released');
  if (volume.metadata.deletionTimestamp || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete') {
    return released.length ? [...gone, ...released] : [];
  }
  if (volume.metadata.annotations?.[provisionedBy] === localPathProvisioner)
    return [...gone, ...released, remove(volume)];
  // Volumes of other provisioners are theirs to delete.
  return released.length ? [...gone, ...released] : [];
}

function setPhase(volume: Volume, phase: string): Action[] {
  if (volume.status?.phase === phase) return [];
  return [
    { do: 'update', type: volumes, subresource: 'status', object: { ...volume, status: { ...volume.status, phase } } },
  ];
}

function remove({ metadata: { name, uid } }: Volume): Action {
  return { do: 'delete', type: volumes, namespace: '', name, options: { preconditions: { uid } } };
}

function tell(claim: Claim, type: EventText['type'], reason: string, message: string): Action {
  return { do: 'event', regarding: regarding('v1', 'PersistentVolumeClaim', claim), event: { type, reason, message } };
}
