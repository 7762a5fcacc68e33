// How full the file system is that a directory lies on: asked by a program, since a server that is away would hold up a thread of ours for
// good.

import { tryRun } from '../../core/process/run.ts';
import type { VolumeUse } from './volume-use.ts';

const timeoutMs = 10_000;
/** stat(1): blocks, of them free for all, free at all, their size, inodes, of them free. */
const format = '%b %a %f %S %c %d';

/** Undefined where it cannot be said. */
export async function filesystemUse(directory: string): Promise<VolumeUse | undefined> {
  const { code, stdout } = await tryRun('stat', ['--file-system', `--format=${format}`, '--', directory], {
    timeoutMs,
  });
  const [blocks, available, free, size, inodes, inodesFree] = stdout.trim().split(' ').map(Number);
  const isWhole = code === 0 && blocks !== undefined && free !== undefined && size !== undefined;
  if (!isWhole || available === undefined || inodes === undefined || inodesFree === undefined) return undefined;
  return {
    capacity: blocks * size,
    available: available * size,
    used: (blocks - free) * size,
    inodes,
    inodesFree,
    inodesUsed: inodes - inodesFree,
  };
}
