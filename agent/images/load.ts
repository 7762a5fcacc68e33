// Brings image archives (OCI layout or `docker save`) into containerd.

import { run } from '../../core/process/run.ts';
import { containerdPaths } from '../containerd/config.ts';

/**
 * Loads every image of the archive `file` into the containerd of `dataDir` and gives their names. Throws CommandError when the file is
 * no image archive.
 */
export async function loadImage(dataDir: string, file: string): Promise<string[]> {
  const { socket } = containerdPaths(dataDir);
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--digests=false', file];
  const { stdout, stderr } = await run('ctr', args, { timeoutMs: 600_000 });
  const names = [...`${stdout}\n${stderr}`.matchAll(/unpacking (\S+) \(/g)].map((match) => match[1] ?? '');
  return [...new Set(names)];
}

/** The names of all images in the containerd of `dataDir`. */
export async function listImages(dataDir: string): Promise<string[]> {
  const { socket } = containerdPaths(dataDir);
  const { stdout } = await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'ls', '-q'], {
    timeoutMs: 30_000,
  });
  return stdout.split('\n').filter((name) => name !== '');
}
