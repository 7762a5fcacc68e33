// Image garbage collection: when the disk fills up, images that no container uses go, those unused for the longest first.
// Source: Kubernetes, "Garbage collection of unused images" (thresholds 85% and 80%).

import fs from 'node:fs/promises';
import type { ImageInfo } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { PullRecords } from './pull-records.ts';

const highPercent = 85;
const lowPercent = 80;
const lastUsed = new Map<string, number>();

/** Ids of the images to remove so that `bytes` become free, if that many can. Pure. */
export function imagesToRemove(
  images: readonly ImageInfo[],
  inUse: ReadonlySet<string>,
  usedAt: ReadonlyMap<string, number>,
  keep: string,
  bytes: number,
): string[] {
  const candidates = images
    .filter(({ id, pinned, repoTags, repoDigests }) => {
      const names = [id, ...repoTags, ...repoDigests];
      return !pinned && !names.includes(keep) && !names.some((name) => inUse.has(name));
    })
    .sort((a, b) => (usedAt.get(a.id) ?? 0) - (usedAt.get(b.id) ?? 0));
  const chosen: string[] = [];
  let freed = 0;
  for (const { id, size } of candidates) {
    if (freed >= bytes) break;
    chosen.push(id);
    freed += size;
  }
  return chosen;
}

/** What is known of the pulls of images that are not there any more goes, too. Throws GrpcError. */
export async function collectImages(
  runtime: ContainerRuntime,
  records: PullRecords,
  directory: string,
  sandboxImage: string,
  log: { info(fields: object, text: string): void },
): Promise<void> {
  const since = Date.now();
  const [{ images }, { containers }, disk] = await Promise.all([
    runtime.listImages({}),
    runtime.listContainers({}),
    fs.statfs(directory),
  ]);
  await records.prune(new Set(images.map(({ id }) => id)), since);
  const inUse = new Set(containers.flatMap(({ imageRef, image }) => [imageRef, image?.image ?? '']));
  for (const { id, repoDigests } of images)
    if (inUse.has(id) || repoDigests.some((digest) => inUse.has(digest)) || !lastUsed.has(id))
      lastUsed.set(id, Date.now());
  const used = disk.blocks - disk.bavail;
  if ((used / disk.blocks) * 100 < highPercent) return;
  const excess = (used - (disk.blocks * lowPercent) / 100) * disk.bsize;
  for (const id of imagesToRemove(images, inUse, lastUsed, sandboxImage, excess)) {
    await runtime.removeImage({ image: { image: id } });
    lastUsed.delete(id);
    log.info({ image: id }, 'an unused image was removed to free disk space');
  }
}
