// Gives a volume to a pod's fsGroup: group-owned, group-writable, and new files inherit the group. Each file is opened where it is, so
// that a container which swaps it for a link changes no file but its own.

import fs, { type FileHandle } from 'node:fs/promises';
import { openBeneath, openRoot, pathOf } from '../files/beneath.ts';
import { isMissing, UnsafePathError } from '../files/paths.ts';
import { VolumeError } from './volume-error.ts';

/** As each level takes a descriptor. */
const maxDepth = 256;

/** Throws VolumeError when the volume is too deep. */
export async function ownByGroup(directory: string, gid: number): Promise<void> {
  const root = await openRoot(directory);
  try {
    await own(root, gid, 0);
  } catch (error) {
    if (error instanceof UnsafePathError)
      throw new VolumeError(`the volume cannot be given to group ${gid}: ${error.message}`);
    throw error;
  } finally {
    await root.close();
  }
}

async function own(file: FileHandle, gid: number, depth: number): Promise<void> {
  const stat = await file.stat();
  await fs.chown(pathOf(file), stat.uid, gid);
  if (!stat.isDirectory()) {
    await fs.chmod(pathOf(file), (stat.mode & 0o7777) | 0o660);
    return;
  }
  await fs.chmod(pathOf(file), (stat.mode & 0o7777) | 0o2770);
  if (depth === maxDepth) throw new UnsafePathError('it is too deep');
  for (const entry of await fs.readdir(pathOf(file))) {
    const child = await openBeneath(file, entry).catch((error: unknown) => {
      if (error instanceof UnsafePathError || isMissing(error)) return undefined;
      throw error;
    });
    if (!child) {
      await ownLink(pathOf(file, entry), gid);
      continue;
    }
    try {
      await own(child, gid, depth + 1);
    } finally {
      await child.close();
    }
  }
}

/** A link itself, never what it names; what is gone meanwhile needs no group. */
async function ownLink(link: string, gid: number): Promise<void> {
  try {
    await fs.lchown(link, (await fs.lstat(link)).uid, gid);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
