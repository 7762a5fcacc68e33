// What a pod's claims allow: nodes that reach the bound volumes, nodes where the others can be found or made, and how many
// volumes a node can attach. Asked only for pods with claims.

import { labelSelectorOf, matchesLabels } from '../../core/machinery/labels.ts';
import { nodeSelectorMatches } from '../../core/machinery/node-match.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { parseQuantity } from '../../core/machinery/quantity.ts';
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '../../generated/kubernetes.ts';
import type { Model } from './model.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { listOf, type Reason, type Reasons, reasons } from './reason.ts';

/** A claim's volume, chosen or to be made on the node. */
export interface ClaimChoice {
  /** Name of the claim, in the pod's namespace. */
  readonly claim: string;
  /** The volume that it is promised; undefined: one is made there. */
  readonly volume: string | undefined;
}

export interface VolumeView {
  /** Why no node will do at all: the whole message. */
  readonly never: string | undefined;
  refused(node: NodeState): Reasons | undefined;
  /** For a node that is not refused: what has to be done with the claims that wait for it. */
  choices(node: NodeState): readonly ClaimChoice[];
}

const selectedNode = 'volume.kubernetes.io/selected-node';
const zoneKeys = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
];

/** Undefined when the pod has no claims. */
export function volumeView(pod: PodInfo, model: Model): VolumeView | undefined {
  const [device] = pod.devices;
  // Nothing here allocates devices: a pod that was placed without them would not have what it was promised.
  if (device !== undefined)
    return never(`cannot allocate all claims: no node of this cluster has devices for "${device}"`);
  if (pod.claims.length === 0) return undefined;
  const bound: V1PersistentVolume[] = [];
  const waiting: V1PersistentVolumeClaim[] = [];
  let missing = false;
  let inUse = false;
  for (const name of pod.claims) {
    const key = `${pod.namespace}/${name}`;
    const claim = model.claims.get(key);
    if (!claim) return never(`persistentvolumeclaim "${name}" not found`);
    if (claim.metadata?.deletionTimestamp) return never(`persistentvolumeclaim "${name}" is being deleted`);
    if (claim.status?.phase === 'Lost')
      return never(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName}"`,
      );
    if (claim.spec?.accessModes?.includes('ReadWriteOncePod') && usedByOther(model, key, pod)) inUse = true;
    const volumeName = claim.spec?.volumeName;
    if (volumeName) {
      const volume = model.volumes.get(volumeName);
      if (volume) bound.push(volume);
      else missing = true;
    } else if (waitsForConsumer(model, claim.spec?.storageClassName)) {
      waiting.push(claim);
    } else {
      return never('pod has unbound immediate PersistentVolumeClaims');
    }
  }
  return {
    never: undefined,
    refused(node) {
      // In the order of Kubernetes' plugins: restrictions, limits, binding, zone.
      if (inUse) return listOf(reasons.oncePodVolume);
      if (exceedsLimits(bound, node, model)) return listOf(reasons.volumeLimit);
      const found: Reason[] = [];
      if (missing) found.push(reasons.volumeMissing);
      if (!bound.every((volume) => reaches(volume, node))) found.push(reasons.volumeAffinity);
      if (waiting.length > 0 && !chooseVolumes(waiting, node, model)) found.push(reasons.noVolume);
      if (found.length > 0) return listOf(...found);
      return bound.every((volume) => inZone(volume, node)) ? undefined : listOf(reasons.volumeZone);
    },
    choices: (node) => (waiting.length === 0 ? [] : (chooseVolumes(waiting, node, model) ?? [])),
  };
}

/** Claims of such a class are bound, or their volume is made, once a pod that uses them has a node. */
function waitsForConsumer(model: Model, storageClass: string | undefined): boolean {
  return model.storageClasses.get(storageClass ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}

function never(message: string): VolumeView {
  return { never: message, refused: () => undefined, choices: () => [] };
}

function usedByOther(model: Model, claim: string, pod: PodInfo): boolean {
  for (const key of model.usersOf(claim) ?? []) if (key !== pod.key) return true;
  return false;
}

function reaches(volume: V1PersistentVolume, node: NodeState): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return !required || nodeSelectorMatches(required, node);
}

/** Volumes that say their zone by labels alone. A node without any such label is in no zone, and takes all. */
function inZone(volume: V1PersistentVolume, node: NodeState): boolean {
  const labels = volume.metadata?.labels ?? {};
  if (zoneKeys.every((key) => getOwn(node.labels, key) === undefined)) return true;
  return zoneKeys.every((key) => {
    const zones = getOwn(labels, key);
    return zones === undefined || zones.split('__').includes(getOwn(node.labels, key) ?? '');
  });
}

/** One choice for each claim, or undefined when the node cannot serve them all. Claims with less choice go first. */
function chooseVolumes(
  claims: readonly V1PersistentVolumeClaim[],
  node: NodeState,
  model: Model,
): ClaimChoice[] | undefined {
  const taken = new Set<string>();
  const choices: ClaimChoice[] = [];
  const bySize = claims.length < 2 ? claims : [...claims].sort((a, b) => sizeOf(a) - sizeOf(b));
  for (const claim of bySize) {
    const name = claim.metadata?.name ?? '';
    const selected = claim.metadata?.annotations?.[selectedNode];
    if (selected !== undefined && selected !== node.name) return undefined;
    const volume = selected === undefined ? findVolume(claim, node, model, taken) : undefined;
    if (volume !== undefined) taken.add(volume);
    else if (!canBeMade(claim, node, model)) return undefined;
    choices.push({ claim: name, volume });
  }
  return choices;
}

/** The smallest volume that the claim may have and the node reaches. */
function findVolume(
  claim: V1PersistentVolumeClaim,
  node: NodeState,
  model: Model,
  taken: ReadonlySet<string>,
): string | undefined {
  const key = `${claim.metadata?.namespace}/${claim.metadata?.name}`;
  const wanted = sizeOf(claim);
  const selector = claim.spec?.selector ? labelSelectorOf(claim.spec.selector) : undefined;
  let best: V1PersistentVolume | undefined;
  let bestSize = 0n;
  for (const [name, volume] of model.volumes) {
    const { spec, metadata, status } = volume;
    if (!spec || taken.has(name) || metadata?.deletionTimestamp) continue;
    if ((spec.storageClassName ?? '') !== (claim.spec?.storageClassName ?? '')) continue;
    const owner = spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : model.promised.get(name);
    if (owner !== undefined && owner !== key) continue;
    if (status?.phase && status.phase !== 'Available' && status.phase !== 'Pending' && owner !== key) continue;
    if ((spec.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) continue;
    if (!(claim.spec?.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode))) continue;
    if (selector && !matchesLabels(selector, metadata?.labels)) continue;
    const size = parseQuantity(spec.capacity?.['storage'] ?? '0').nanos;
    if (Number(size) < wanted || !reaches(volume, node)) continue;
    if (owner === key) return name;
    if (!best || size < bestSize) {
      best = volume;
      bestSize = size;
    }
  }
  return best?.metadata?.name;
}

function canBeMade(claim: V1PersistentVolumeClaim, node: NodeState, model: Model): boolean {
  const storageClass = model.storageClasses.get(claim.spec?.storageClassName ?? '');
  if (!storageClass || storageClass.provisioner === 'kubernetes.io/no-provisioner') return false;
  const allowed = storageClass.allowedTopologies ?? [];
  if (allowed.length === 0) return true;
  return allowed.some((term) =>
    (term.matchLabelExpressions ?? []).every(({ key, values }) => values.includes(getOwn(node.labels, key) ?? '')),
  );
}

/** In billionths of a byte, as quantities count; good for comparing. */
function sizeOf(claim: V1PersistentVolumeClaim): number {
  return Number(parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0').nanos);
}

/** Whether the node's CSI drivers can attach these volumes beside those that its pods use (CSINode `allocatable.count`). */
function exceedsLimits(added: readonly V1PersistentVolume[], node: NodeState, model: Model): boolean {
  const drivers = model.csiNodes.get(node.name)?.spec?.drivers ?? [];
  const limits = new Map<string, number>();
  for (const { name, allocatable } of drivers)
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  if (limits.size === 0) return false;
  const used = new Map<string, Set<string>>();
  const use = (volume: V1PersistentVolume | undefined) => {
    const csi = volume?.spec?.csi;
    if (!csi || !limits.has(csi.driver)) return;
    const handles = used.get(csi.driver) ?? new Set();
    handles.add(csi.volumeHandle);
    used.set(csi.driver, handles);
  };
  for (const pod of node.pods.values())
    for (const name of pod.claims)
      use(model.volumes.get(model.claims.get(`${pod.namespace}/${name}`)?.spec?.volumeName ?? ''));
  const before = new Map([...used].map(([driver, handles]) => [driver, handles.size]));
  for (const volume of added) use(volume);
  for (const [driver, handles] of used) {
    // What is attached already counts against nobody who uses it too.
    if (handles.size > (before.get(driver) ?? 0) && handles.size > (limits.get(driver) ?? 0)) return true;
  }
  return false;
}
