// Says which volumes of CSI drivers shall be attached to which node: one VolumeAttachment each, which the driver's attacher acts on.
// A volume is let go of when no pod of the node needs it and the node has unmounted it.

import { claimNames } from '../../core/kinds/core/pod/semantics/claims.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { attachmentName, volumeDevice } from '../../core/node/volume-attachment.ts';
import type { V1AttachedVolume } from '../../generated/kubernetes.ts';
import { sameJson } from './condition.ts';
import { type Action, controllerUser, defineController, type ObjectOf, type Snapshot, watch } from './controller.ts';

const attachments = 'storage.k8s.io/volumeattachments';
const drivers = 'storage.k8s.io/csidrivers';
type Attachment = ObjectOf<typeof attachments>;

/** A node that is not ready may not say what it has unmounted: after so long its volumes are let go of all the same. */
const forceDetachMs = 6 * 60_000;
const outOfService = 'node.kubernetes.io/out-of-service';

export const attachDetachController = defineController({
  name: 'attachdetach',
  component: 'attachdetach-controller',
  user: controllerUser('attachdetach-controller'),
  watches: [
    watch('pods', ({ object, previous }) =>
      claimNames(object.metadata.name, object.spec?.volumes).length === 0
        ? []
        : [object.spec?.nodeName, previous?.spec?.nodeName].filter((node) => node !== undefined),
    ),
    watch('persistentvolumeclaims', ({ object }, snapshot: Snapshot<'pods'>) => nodesUsing(snapshot, object)),
    watch('nodes', ({ object, type }, snapshot: Snapshot<typeof attachments>) =>
      type === 'DELETED' || attachmentsOf(snapshot, object.metadata.name).length > 0 ? [object.metadata.name] : [],
    ),
    watch(attachments, ({ object }) => [object.spec?.nodeName ?? '']),
    watch(drivers, (_, snapshot: Snapshot<'nodes'>) => snapshot.list('nodes').map((each) => each.metadata.name)),
  ],
  reads: ['persistentvolumes'],
  owns: [attachments, 'nodes'],
  reconcile(snapshot, name, { now }): Action<typeof attachments | 'nodes'>[] {
    const present = attachmentsOf(snapshot, name);
    const node = snapshot.get('nodes', '', name);
    const wanted = node ? wantedOn(snapshot, name) : new Map<string, Wanted>();
    const actions: Action<typeof attachments | 'nodes'>[] = [];
    for (const [volume, { driver, handle }] of wanted) {
      const attachment = attachmentName(driver, handle, name);
      if (present.some((each) => each.metadata.name === attachment)) continue;
      const spec = { attacher: driver, nodeName: name, source: { persistentVolumeName: volume } };
      const object = {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name: attachment },
        spec,
      };
      actions.push({ do: 'create', type: attachments, object, existsIsFine: true });
    }
    const inUse = new Set(node?.status?.volumesInUse);
    const forcedIn = node ? untilForced(node, now) : 0;
    for (const each of present) {
      const { name: attachment, uid, deletionTimestamp } = each.metadata;
      if (deletionTimestamp || wanted.has(each.spec?.source.persistentVolumeName ?? '')) continue;
      if (!isOurs(snapshot, each)) continue;
      const mounted = inUse.has(deviceOf(snapshot, each) ?? '');
      if (mounted && forcedIn > 0) {
        if (Number.isFinite(forcedIn)) actions.push({ do: 'requeue', afterMs: forcedIn });
        continue;
      }
      const options = { preconditions: { uid } };
      actions.push({ do: 'delete', type: attachments, namespace: '', name: attachment, options });
    }
    return node ? [...actions, ...reportAttached(snapshot, node, present)] : actions;
  },
});

interface Wanted {
  readonly driver: string;
  readonly handle: string;
}

/** By the name of the PersistentVolume. */
function wantedOn(
  snapshot: Snapshot<'persistentvolumeclaims' | 'persistentvolumes' | 'pods' | 'storage.k8s.io/csidrivers'>,
  node: string,
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const pod of snapshot.podsOnNode(node)) {
    if (isFinished(pod)) continue;
    for (const name of claimNames(pod.metadata.name, pod.spec?.volumes)) {
      const claim = snapshot.get('persistentvolumeclaims', pod.metadata.namespace ?? '', name);
      const volume = snapshot.get('persistentvolumes', '', claim?.spec?.volumeName ?? '');
      const csi = volume?.spec?.csi;
      if (!claim || !csi || volume.spec?.claimRef?.uid !== claim.metadata.uid) continue;
      if (needsAttach(snapshot, csi.driver))
        wanted.set(volume.metadata.name, { driver: csi.driver, handle: csi.volumeHandle });
    }
  }
  return wanted;
}

/** A driver that says nothing needs it (storage/v1 CSIDriverSpec). */
function needsAttach(snapshot: Snapshot<'storage.k8s.io/csidrivers'>, driver: string): boolean {
  const found = snapshot.get(drivers, '', driver);
  return found?.spec?.attachRequired !== false;
}

/**
 * What others made, and what names things that do not exist, is theirs to end: ours has the name that follows from its volume. Of a
 * volume that is gone only the form of the name is left.
 */
function isOurs(snapshot: Snapshot<'persistentvolumes'>, { metadata, spec }: Attachment): boolean {
  const csi = snapshot.get('persistentvolumes', '', spec?.source.persistentVolumeName ?? '')?.spec?.csi;
  if (!csi) return /^csi-[0-9a-f]{64}$/.test(metadata.name);
  return metadata.name === attachmentName(csi.driver, csi.volumeHandle, spec?.nodeName ?? '');
}

function attachmentsOf(snapshot: Snapshot<'storage.k8s.io/volumeattachments'>, node: string): Attachment[] {
  return snapshot.list(attachments).filter((each) => each.spec?.nodeName === node);
}

function deviceOf(snapshot: Snapshot<'persistentvolumes'>, { spec }: Attachment): string | undefined {
  const csi = snapshot.get('persistentvolumes', '', spec?.source.persistentVolumeName ?? '')?.spec?.csi;
  return csi && volumeDevice(csi.driver, csi.volumeHandle);
}

/** Milliseconds until volumes of this node are let go of whatever it says; Infinity while it is healthy (KEP-2268). */
function untilForced({ spec, status }: ObjectOf<'nodes'>, now: number): number {
  if (spec?.taints?.some((each) => each.key === outOfService)) return 0;
  const ready = status?.conditions?.find((each) => each.type === 'Ready');
  if (ready?.status === 'True') return Number.POSITIVE_INFINITY;
  return Math.max(0, Date.parse(ready?.lastTransitionTime ?? '') + forceDetachMs - now);
}

/** A kubelet mounts only what its node says is attached. */
function reportAttached(
  snapshot: Snapshot<'persistentvolumes'>,
  node: ObjectOf<'nodes'>,
  present: readonly Attachment[],
): Action<typeof attachments | 'nodes'>[] {
  const attached = present
    .filter((each) => each.status?.attached && !each.metadata.deletionTimestamp)
    .flatMap((each): V1AttachedVolume[] => {
      const name = deviceOf(snapshot, each);
      return name ? [{ name, devicePath: each.status?.attachmentMetadata?.['devicePath'] ?? '' }] : [];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (sameJson(attached, node.status?.volumesAttached ?? [])) return [];
  const status = { ...node.status, volumesAttached: attached };
  return [{ do: 'update', type: 'nodes', subresource: 'status', object: { ...node, status } }];
}

function nodesUsing(
  snapshot: Snapshot<'pods'>,
  { metadata: { namespace = '', name } }: ObjectOf<'persistentvolumeclaims'>,
): string[] {
  return snapshot
    .list('pods', namespace)
    .filter((pod) => pod.spec?.nodeName && claimNames(pod.metadata.name, pod.spec?.volumes).includes(name))
    .map((pod) => pod.spec?.nodeName ?? '');
}
