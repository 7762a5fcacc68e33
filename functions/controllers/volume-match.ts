// Which volume a claim may have: its class, modes, size, labels and volume mode must fit; the smallest that does is taken.

import { compareQuantities, parseQuantity } from '../../core/machinery/quantity.ts';
import type { ObjectOf, Snapshot } from './controller.ts';
import { matchesSelector } from './label-selector.ts';
import { matchesTerm } from './node-match.ts';

export type Claim = ObjectOf<'persistentvolumeclaims'>;
export type Volume = ObjectOf<'persistentvolumes'>;

/** Names the node that the scheduler chose for the claim's first consumer. */
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';

export function findVolume(snapshot: Snapshot<'nodes' | 'persistentvolumes'>, claim: Claim): Volume | undefined {
  const candidates = snapshot.list('persistentvolumes').filter((each) => !each.metadata.deletionTimestamp);
  const reserved = candidates.find((each) => isReservedFor(each, claim));
  if (reserved) return reserved;
  return candidates
    .filter((each) => !each.spec?.claimRef && each.status?.phase === 'Available' && fits(snapshot, each, claim))
    .sort((a, b) => compareQuantities(sizeOf(a), sizeOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

/** Whether the volume's claimRef means this claim: by uid, or by name where the uid was left out. */
export function isReservedFor(volume: Volume, claim: Claim): boolean {
  const reference = volume.spec?.claimRef;
  if (!reference || reference.name !== claim.metadata.name || reference.namespace !== claim.metadata.namespace)
    return false;
  return !reference.uid || reference.uid === claim.metadata.uid;
}

function sizeOf(volume: Volume) {
  return parseQuantity(volume.spec?.capacity?.['storage'] ?? '0');
}

function fits(snapshot: Snapshot<'nodes'>, volume: Volume, claim: Claim): boolean {
  const wanted = claim.spec;
  const offered = volume.spec;
  if ((offered?.storageClassName ?? '') !== (wanted?.storageClassName ?? '')) return false;
  if ((offered?.volumeMode ?? 'Filesystem') !== (wanted?.volumeMode ?? 'Filesystem')) return false;
  if (!(wanted?.accessModes ?? []).every((each) => offered?.accessModes?.includes(each))) return false;
  if (wanted?.selector && !matchesSelector(wanted.selector, volume.metadata.labels)) return false;
  const request = parseQuantity(wanted?.resources?.requests?.['storage'] ?? '0');
  if (compareQuantities(sizeOf(volume), request) < 0) return false;
  const name = claim.metadata.annotations?.[selectedNodeAnnotation];
  const terms = offered?.nodeAffinity?.required?.nodeSelectorTerms;
  if (!name || !terms) return true;
  const node = snapshot.get('nodes', '', name);
  return node !== undefined && terms.some((each) => matchesTerm(each, node));
}
