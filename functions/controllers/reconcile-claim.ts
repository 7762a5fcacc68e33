// What becomes of a claim: bound to a volume, given one of its own, or waiting.
// A binding is written on the volume first, under the condition that nobody took it: two controllers bind it once.

import type { EventText } from '../../core/registry/event-recorder.ts';
import { sameJson } from './condition.ts';
import { type Action, type ObjectOf, regarding, type Snapshot } from './controller.ts';
import { anyNode, createLocalPath, localPathProvisioner, volumeNameOf } from './local-path-volume.ts';
import { patchWithPreconditions } from './preconditions.ts';
import { type Claim, findVolume, isReservedFor, selectedNodeAnnotation, type Volume } from './volume-match.ts';

type Wanted = Action<typeof claims | typeof volumes>;

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';
const classes = 'storage.k8s.io/storageclasses';

const boundByController = 'pv.kubernetes.io/bound-by-controller';
const bindCompleted = 'pv.kubernetes.io/bind-completed';
const defaultClass = 'storageclass.kubernetes.io/is-default-class';

/** `directory`: where on a node the directories of local-path volumes are. */
export function reconcileClaim(
  snapshot: Snapshot<'nodes' | 'persistentvolumes' | 'storage.k8s.io/storageclasses'>,
  claim: Claim,
  directory: string,
): Wanted[] {
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
      recordEvent(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding'),
    ];
  }
  if (!className) {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return [...status, recordEvent(claim, 'Normal', 'FailedBinding', message)];
  }
  if (!storageClass) {
    return [
      ...status,
      recordEvent(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`),
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
    ...(known ? [] : [patchWithPreconditions(claims, claim, { metadata: { annotations } })]),
    ...status,
    recordEvent(claim, 'Normal', 'ExternalProvisioning', message),
  ];
}

/** The volume is taken first, then the claim says which it has, then its status. */
function bind(claim: Claim, volume: Volume): Wanted[] {
  const actions: Wanted[] = [];
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
  // Of one that was bound before, who makes its volume larger says how large it is: its node may have to grow the file system first.
  const becomes = claim.status?.phase !== 'Bound';
  actions.push(...setStatus(bound, { phase: 'Bound', accessModes, ...(becomes && { capacity }) }, claim));
  return actions;
}

function setStatus(claim: Claim, change: object, before: Claim = claim): Action<typeof claims>[] {
  const status = { ...claim.status, ...change };
  if (sameJson(status, before.status)) return [];
  return [{ do: 'update', type: claims, subresource: 'status', object: { ...claim, status } }];
}

function lose(claim: Claim, message: string): Action<typeof claims>[] {
  if (claim.status?.phase === 'Lost') return [];
  return [...setStatus(claim, { phase: 'Lost' }), recordEvent(claim, 'Warning', 'ClaimLost', message)];
}

function provision(
  snapshot: Snapshot<'nodes' | 'persistentvolumes'>,
  claim: Claim,
  storageClass: ObjectOf<typeof classes>,
  directory: string,
): Wanted[] {
  const node = claim.metadata.annotations?.[selectedNodeAnnotation] ?? anyNode(snapshot, claim.metadata.uid);
  if (!node)
    return [recordEvent(claim, 'Warning', 'ProvisioningFailed', 'there is no node that could hold the volume')];
  const existing = snapshot.get(volumes, '', volumeNameOf(claim));
  if (existing) return isReservedFor(existing, claim) ? bind(claim, existing) : [];
  return [createLocalPath(snapshot, claim, storageClass, directory, node)];
}

function recordEvent(claim: Claim, type: EventText['type'], reason: string, message: string): Action {
  return { do: 'event', regarding: regarding('v1', 'PersistentVolumeClaim', claim), event: { type, reason, message } };
}
