// The volume behind a claim, on this node.

import { VolumeError } from './volume-error.ts';
import type { ClaimedVolume, MountedVolume, VolumeContext } from './volume-type.ts';
import { persistentSource } from './volume-types.ts';

/** Throws VolumeError where there is none, or none that this node can mount. */
export async function mountClaimed(
  { claimName, readOnly }: ClaimedVolume,
  context: VolumeContext,
): Promise<MountedVolume> {
  const { type, source, volume } = claimedVolume(claimName, context);
  const made = (await type.persistent?.(source, context, readOnly, volume)) ?? '';
  return { ...(typeof made === 'string' ? { path: made } : made), readOnly };
}

/** What changed of it since it was mounted. Throws VolumeError. */
export async function refreshClaimed({ claimName, readOnly }: ClaimedVolume, context: VolumeContext): Promise<void> {
  const { type, source, volume } = claimedVolume(claimName, context);
  if (!readOnly) await type.refresh?.(source, context, volume);
}

export function claimedVolume(claimName: string, { objects, pod }: VolumeContext) {
  const claim = objects.claim(pod.metadata.namespace, claimName);
  if (!claim) throw new VolumeError(`persistentvolumeclaim "${claimName}" not found`);
  const volumeName = claim.spec?.volumeName;
  const volume = volumeName && claim.status?.phase === 'Bound' ? objects.volume(volumeName) : undefined;
  if (!volumeName || !volume) throw new VolumeError(`persistentvolumeclaim "${claimName}" is not bound to a volume`);
  return { ...persistentSource(volumeName, volume.spec ?? {}), volume };
}
