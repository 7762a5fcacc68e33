// Makes volumes larger when their claims ask for more: directories of nodes here, as they have no size of their own; of CSI drivers
// the external resizer does it. Who may ask is the API server's word (admission plugin PersistentVolumeClaimResize).

import { compareQuantities, parseQuantity } from '../../core/machinery/quantity.ts';
import { removeCondition } from './condition.ts';
import { type Action, controllerUser, defineController, regarding, splitKey, watch } from './controller.ts';
import { localPathProvisioner, provisionedBy } from './local-path-volume.ts';
import { patchWithPreconditions } from './preconditions.ts';
import type { Claim, Volume } from './volume-match.ts';

type Wanted = Action<typeof claims | typeof volumes>;

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';
const resizer = 'volume.kubernetes.io/storage-resizer';

export const volumeExpandController = defineController({
  name: 'volumeexpand',
  component: 'volume_expand',
  user: controllerUser('expand-controller'),
  watches: [
    watch(claims, ({ type, object }) =>
      type !== 'DELETED' && wantsMore(object) ? [`${object.metadata.namespace}/${object.metadata.name}`] : [],
    ),
  ],
  reads: [volumes],
  owns: [claims, volumes],
  reconcile(snapshot, key): Wanted[] {
    const { namespace, name } = splitKey(key);
    const claim = snapshot.get(claims, namespace, name);
    if (!claim || claim.metadata.deletionTimestamp || !wantsMore(claim)) return [];
    const volume = snapshot.get(volumes, '', claim.spec?.volumeName ?? '');
    if (!volume || volume.spec?.claimRef?.uid !== claim.metadata.uid) return [];
    if (volume.metadata.annotations?.[provisionedBy] === localPathProvisioner) return grow(claim, volume);
    return leaveToOthers(claim, volume.spec?.csi?.driver);
  },
});

/** Bound, and more is asked for than there is. */
function wantsMore({ spec, status }: Claim): boolean {
  const [asked, has] = [spec?.resources?.requests?.['storage'], status?.capacity?.['storage']];
  if (status?.phase !== 'Bound' || asked === undefined || has === undefined) return false;
  return compareQuantities(parseQuantity(asked), parseQuantity(has)) > 0;
}

/** The volume first: the claim never claims to have what its volume has not. */
function grow(claim: Claim, volume: Volume): Wanted[] {
  const storage = claim.spec?.resources?.requests?.['storage'] ?? '';
  const capacity = { ...volume.spec?.capacity, storage };
  const conditions = ['Resizing', 'FileSystemResizePending'].reduce(removeCondition, claim.status?.conditions ?? []);
  const status = { ...claim.status, capacity: { ...claim.status?.capacity, storage }, conditions };
  return [
    ...(volume.spec?.capacity?.['storage'] === storage
      ? []
      : [
          { do: 'update', type: volumes, object: { ...volume, spec: { ...volume.spec, capacity } } } as const,
          { do: 'barrier' } as const,
        ]),
    {
      do: 'update',
      type: claims,
      subresource: 'status',
      object: { ...claim, status },
      announce: {
        regarding: regarding('v1', 'PersistentVolumeClaim', claim),
        success: { type: 'Normal', reason: 'VolumeResizeSuccessful', message: 'Resize volume succeeded' },
      },
    },
  ];
}

function leaveToOthers(claim: Claim, driver: string | undefined): Action<typeof claims>[] {
  const message = driver
    ? `waiting for an external controller to expand this PVC: the CSI driver ${driver} has to`
    : 'waiting for an external controller to expand this PVC: no volume plugin here can';
  const event = { type: 'Normal' as const, reason: 'ExternalExpanding', message };
  return [
    ...(driver === undefined || claim.metadata.annotations?.[resizer] === driver
      ? []
      : [patchWithPreconditions(claims, claim, { metadata: { annotations: { [resizer]: driver } } }, 'status')]),
    { do: 'event', regarding: regarding('v1', 'PersistentVolumeClaim', claim), event },
  ];
}
