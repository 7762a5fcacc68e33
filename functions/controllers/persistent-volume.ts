// Binds claims to volumes, makes local-path volumes for claims that have none (reconcile-claim.ts), and gives volumes back.

import {
  type Action,
  type Controller,
  controllerUser,
  defineController,
  type Snapshot,
  splitKey,
  watch,
} from './controller.ts';
import { localPathProvisioner, provisionedBy } from './local-path-volume.ts';
import { reconcileClaim } from './reconcile-claim.ts';
import type { Volume } from './volume-match.ts';

type Wanted = Action<typeof claims | typeof volumes>;

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';
const classes = 'storage.k8s.io/storageclasses';

/** `directory`: where on a node the directories are, unless the StorageClass has a parameter `path`. */
export function createPersistentVolumeController(directory = '/var/lib/zeroplane/volumes'): Controller {
  return defineController({
    name: 'persistentvolume',
    user: controllerUser('persistent-volume-binder'),
    watches: [
      watch(claims, ({ object }) => {
        const keys = [`claim ${object.metadata.namespace}/${object.metadata.name}`];
        if (object.spec?.volumeName) keys.push(`volume ${object.spec.volumeName}`);
        return keys;
      }),
      watch(claims, ({ type, object }, snapshot: Snapshot<typeof volumes>) =>
        type === 'DELETED'
          ? snapshot
              .list(volumes)
              .filter((each) => each.spec?.claimRef?.uid === object.metadata.uid)
              .map((each) => `volume ${each.metadata.name}`)
          : [],
      ),
      watch(volumes, ({ object }, snapshot: Snapshot<typeof claims>) => {
        const reference = object.spec?.claimRef;
        const keys = [`volume ${object.metadata.name}`];
        if (reference) keys.push(`claim ${reference.namespace}/${reference.name}`);
        else keys.push(...pending(snapshot));
        return keys;
      }),
      watch(classes, (_event, snapshot: Snapshot<typeof claims>) => pending(snapshot)),
    ],
    reads: ['nodes'],
    owns: [claims, volumes],
    reconcile(snapshot, key): Wanted[] {
      const [what, rest = ''] = key.split(' ');
      const { namespace, name } = splitKey(rest);
      if (what === 'volume') {
        const volume = snapshot.get(volumes, '', name);
        return volume ? reconcileVolume(snapshot, volume) : [];
      }
      const claim = snapshot.get(claims, namespace, name);
      return claim && !claim.metadata.deletionTimestamp ? reconcileClaim(snapshot, claim, directory) : [];
    },
  });
}

function pending(snapshot: Snapshot<'persistentvolumeclaims'>): string[] {
  return snapshot
    .list(claims)
    .filter((each) => each.status?.phase !== 'Bound')
    .map((each) => `claim ${each.metadata.namespace}/${each.metadata.name}`);
}

function reconcileVolume(snapshot: Snapshot<'persistentvolumeclaims'>, volume: Volume): Wanted[] {
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
  const gone: Wanted[] = [
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

function setPhase(volume: Volume, phase: string): Wanted[] {
  if (volume.status?.phase === phase) return [];
  return [
    { do: 'update', type: volumes, subresource: 'status', object: { ...volume, status: { ...volume.status, phase } } },
  ];
}

function remove({ metadata: { name, uid } }: Volume): Wanted {
  return { do: 'delete', type: volumes, namespace: '', name, options: { preconditions: { uid } } };
}
