// Parts of volumes as mounts: what a subPath names is opened once, below its volume, and that is bind-mounted where only the agent can
// write. Whoever starts the container gets a path that no other container can lead elsewhere (CVE-2017-1002101, CVE-2021-25741).

import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { run, tryRun } from '../../core/process/run.ts';
import { directoryBeneath, openBeneath, openRoot, pathOf, writeFileIn } from '../files/beneath.ts';
import { isMounted } from '../files/mount-table.ts';
import { isMissing, UnsafePathError } from '../files/paths.ts';
import { onFilesOf } from './remote-volume.ts';
import { VolumeError } from './volume-error.ts';
import type { SubPathPlace } from './volume-host.ts';

/** Of a pod's own directory. Whoever is no root does not pass. */
const subPathDirectory = 'volume-subpaths';

/**
 * Mounts `inner` of the volume at `volumePath`, and gives where. It is made, as a directory with the volume's permissions, where it is
 * missing. What was mounted there for an earlier start goes. Throws VolumeError.
 */
export async function mountSubPath(
  podsDir: string,
  place: SubPathPlace,
  volumePath: string,
  inner: string,
): Promise<string> {
  const { source, directory } = await onFilesOf(volumePath, () => openSource(volumePath, inner));
  try {
    const { uid, volume, container, index } = place;
    const parent = path.join(uid, subPathDirectory, volume, container);
    const target = path.join(podsDir, parent, String(index));
    for (let left = 16; left > 0 && (await isMounted(target)); left -= 1)
      await tryRun('umount', ['--lazy', '--no-canonicalize', target]);
    await makeTarget(podsDir, uid, path.join(volume, container), String(index), directory);
    // A descriptor's path names what it is of, whatever has come at the place that it was opened at.
    await run('mount', ['--bind', '--no-canonicalize', `/proc/${process.pid}/fd/${source.fd}`, target]);
    return target;
  } finally {
    await source.close();
  }
}

async function openSource(volumePath: string, inner: string): Promise<{ source: FileHandle; directory: boolean }> {
  let root: FileHandle | undefined;
  let source: FileHandle | undefined;
  try {
    root = await openRoot(volumePath);
    source = await openOrMake(root, inner);
    return { source, directory: (await source.stat()).isDirectory() };
  } catch (error) {
    await source?.close();
    if (error instanceof UnsafePathError) throw new VolumeError(`subPath ${error.message}`);
    if (error instanceof Error && 'code' in error)
      throw new VolumeError(`subPath ${JSON.stringify(inner)} cannot be made or opened: ${String(error.code)}`);
    throw error;
  } finally {
    await root?.close();
  }
}

async function openOrMake(root: FileHandle, inner: string): Promise<FileHandle> {
  try {
    return await openBeneath(root, inner, { links: 'beneath' });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const { mode } = await root.stat();
  return openBeneath(root, inner, { links: 'beneath', createMode: mode & 0o7777 });
}

/** A directory or file to mount on, as the source is one. */
async function makeTarget(podsDir: string, uid: string, inner: string, name: string, directory: boolean) {
  const pods = await openRoot(podsDir);
  const handles: FileHandle[] = [pods];
  try {
    const pod = await directoryBeneath(pods, uid);
    handles.push(pod);
    const own = await directoryBeneath(pod, subPathDirectory, 0o700);
    handles.push(own);
    const parent = await directoryBeneath(own, inner, 0o700);
    handles.push(parent);
    // One of the other kind may be left from an earlier start.
    const old = await fs.lstat(pathOf(parent, name)).catch(() => undefined);
    if (old && old.isDirectory() === directory) return;
    if (old) await (old.isDirectory() ? fs.rmdir(pathOf(parent, name)) : fs.unlink(pathOf(parent, name)));
    if (directory) await fs.mkdir(pathOf(parent, name), { mode: 0o700 });
    else await writeFileIn(parent, name, '', { mode: 0o600 });
  } finally {
    for (const handle of handles) await handle.close();
  }
}
