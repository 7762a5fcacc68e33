// Volumes on Linux: bind mounts, tmpfs, owners, and files that are put in place through descriptors.

import fs from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../../core/process/run.ts';
import { unmountBelow } from '../../containerd/teardown.ts';
import { linuxFiles } from '../../files/linux-files.ts';
import { isMounted, mountPoints } from '../../files/mount-table.ts';
import { atomicWrite } from '../../volumes/atomic-write.ts';
import { filesystemUse } from '../../volumes/filesystem-use.ts';
import { ownByGroup } from '../../volumes/ownership.ts';
import { onFilesOf } from '../../volumes/remote-volume.ts';
import { mountSubPath } from '../../volumes/sub-path.ts';
import type { VolumeHost } from '../../volumes/volume-host.ts';
import { linuxNfsClient } from './nfs-client.ts';

export const linuxVolumeHost: VolumeHost = {
  files: linuxFiles,
  prepareRoots: prepareVolumeRoots,
  writeFiles: atomicWrite,
  async inMemory(directory, size) {
    if (await isMounted(directory)) return;
    const options = ['mode=0777', ...(size === undefined ? [] : [`size=${size}`])];
    await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', directory]);
  },
  ownByGroup,
  subPath: mountSubPath,
  unmountBelow,
  onFilesOf: (file, use) => onFilesOf(file, use, { links: true }),
  use: filesystemUse,
  absolute: (file) =>
    path.isAbsolute(file) && !file.includes('\0') && !file.split('/').includes('..') ? file : undefined,
  nfs: linuxNfsClient,
};

/** Mounts what all pods share: the directory of the pods as a shared mount, and one tmpfs. Idempotent. */
async function prepareVolumeRoots(podsDir: string, memoryDir: string): Promise<void> {
  const mounts = await mountPoints();
  await fs.mkdir(podsDir, { recursive: true, mode: 0o755 });
  await fs.mkdir(memoryDir, { recursive: true, mode: 0o755 });
  // Mount propagation between containers needs a shared mount below them.
  if (!mounts.includes(podsDir)) await run('mount', ['--bind', podsDir, podsDir]);
  await run('mount', ['--make-rshared', podsDir]);
  if (!mounts.includes(memoryDir)) await run('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'zeroplane', memoryDir]);
}
