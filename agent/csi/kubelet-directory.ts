// Where drivers look for their node: /var/lib/kubelet, which one node of a machine has. Another one's lies in its own data directory, and
// drivers must be told of it. Both are shared mounts: what a driver's container mounts there, the machine and its pods see.

import fs from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../core/process/run.ts';
import { unmountBelow } from '../containerd/teardown.ts';
import { mountPoints } from '../files/mount-table.ts';
import { removeTree } from '../files/remove-tree.ts';

export const machineDirectory = '/var/lib/kubelet';

/** A link to the data directory whose it is: made at once or not at all. */
const owner = '.zeroplane';

export interface KubeletDirectory {
  readonly root: string;
  /** Where drivers make their sockets of registration. */
  readonly registry: string;
  /** Staged volumes. */
  readonly plugin: string;
  readonly pods: string;
}

function kubeletDirectoryAt(root: string): KubeletDirectory {
  return {
    root,
    registry: path.join(root, 'plugins_registry'),
    plugin: path.join(root, 'plugins/kubernetes.io/csi'),
    pods: path.join(root, 'pods'),
  };
}

/** `machine`: /var/lib/kubelet but in tests. `own`: in place of it, where another has it. */
export async function openKubeletDirectory(dataDir: string, machine: string, own: string): Promise<KubeletDirectory> {
  // Volumes that are mounted stay where they are.
  const began = await fs.stat(own).catch(() => undefined);
  const found = kubeletDirectoryAt(!began && (await claim(machine, dataDir)) ? machine : own);
  const { root, registry, plugin, pods } = found;
  await fs.mkdir(root, { recursive: true, mode: 0o750 });
  if (!(await mountPoints()).includes(root)) await run('mount', ['--bind', root, root]);
  await run('mount', ['--make-rshared', root]);
  for (const each of [registry, plugin, pods, path.join(root, 'plugins')])
    await fs.mkdir(each, { recursive: true, mode: 0o750 });
  return found;
}

/** Takes what is mounted there away, and gives the machine's directory back. What drivers keep in it stays. */
export async function releaseKubeletDirectory(dataDir: string, machine: string): Promise<void> {
  if ((await ownerOf(machine)) !== dataDir) return;
  await removePods(machine);
  await fs.rm(path.join(machine, owner), { force: true });
  const { registry, plugin } = kubeletDirectoryAt(machine);
  const parents = [path.dirname(plugin), path.dirname(path.dirname(plugin))];
  for (const each of [registry, plugin, ...parents, machine]) await fs.rmdir(each).catch(() => undefined);
}

async function claim(machine: string, dataDir: string): Promise<boolean> {
  const before = await ownerOf(machine);
  if (before === dataDir) return true;
  if (before !== undefined) {
    if (await fs.stat(before).catch(() => undefined)) return false;
    // Its data directory was deleted without a teardown.
    await removePods(machine);
    await fs.rm(path.join(machine, owner), { force: true });
  } else if ((await fs.readdir(path.join(machine, 'pods')).catch(() => [])).length > 0) {
    // Another kubelet's.
    return false;
  }
  await fs.mkdir(machine, { recursive: true, mode: 0o750 });
  return fs.symlink(dataDir, path.join(machine, owner)).then(
    () => true,
    () => false,
  );
}

/** What was mounted and staged for pods; nothing is deleted through a mount. What drivers keep beside it stays. */
async function removePods(machine: string): Promise<void> {
  await unmountBelow(machine);
  for (const each of ['pods', 'plugins/kubernetes.io']) await removeTree(machine, each);
}

async function ownerOf(machine: string): Promise<string | undefined> {
  return fs.readlink(path.join(machine, owner)).catch(() => undefined);
}
