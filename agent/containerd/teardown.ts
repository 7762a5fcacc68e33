// The end of a node on this machine: every sandbox stopped and removed, containerd gone, no mount, cgroup, shim or state directory left.

import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog } from '../../core/process/log.ts';
import { tryRun } from '../../core/process/run.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { mountPoints } from '../files/mount-table.ts';
import type { ContainerdOptions } from './config.ts';
import { containerdPaths } from './config.ts';
import { startContainerd, stopContainerd } from './containerd.ts';

export interface TeardownOptions {
  readonly containerd: ContainerdOptions;
  /** The cgroup below which all pods' cgroups lie, such as `/zeroplane/node-1`. */
  readonly cgroupRoot: string;
}

/**
 * Stops all pods and the containerd of a data directory. A containerd that is away is started once more, since only it knows its
 * sandboxes' networks. The data itself stays.
 */
export async function teardownNode(options: TeardownOptions, log: EventLog): Promise<void> {
  const { dataDir } = options.containerd;
  const paths = containerdPaths(dataDir);
  const known = await fs.stat(paths.root).catch(() => undefined);
  if (known) {
    const containerd = await startContainerd(options.containerd, log);
    try {
      await removeAllSandboxes(containerd.runtime);
    } finally {
      containerd.release();
    }
    await stopContainerd(dataDir);
    await endShims(paths.socket);
  }
  await unmountBelow(dataDir);
  await removeCgroups(options.cgroupRoot);
  // The cgroup above goes with its last node; while it holds another it stays.
  const above = path.posix.dirname(options.cgroupRoot);
  if (above !== '/') await removeEmptyCgroup(above);
  await fs.rm(paths.state, { recursive: true, force: true });
  for (const socket of [paths.socket, `${paths.socket}.ttrpc`]) await fs.rm(socket, { force: true });
}

/** Stops and removes every sandbox, four at a time; a sandbox that fails once is tried again. */
async function removeAllSandboxes(runtime: ContainerRuntime): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const { items } = await runtime.listPodSandbox({});
    if (items.length === 0) return;
    const failures: unknown[] = [];
    const queue = [...items];
    const worker = async () => {
      for (let item = queue.shift(); item; item = queue.shift())
        try {
          await runtime.stopPodSandbox({ podSandboxId: item.id });
          await runtime.removePodSandbox({ podSandboxId: item.id });
        } catch (error) {
          failures.push(error);
        }
    };
    await Promise.all(Array.from({ length: 4 }, worker));
    if (failures.length > 0 && attempt >= 4) throw failures[0];
    if (failures.length > 0) await delay(200);
  }
}

/** Shims end with their last container; one whose containerd died at the wrong moment is ended here, known by its socket argument. */
async function endShims(socket: string): Promise<void> {
  for (const entry of await fs.readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const args = (await fs.readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (!args[0]?.endsWith('containerd-shim-runc-v2') || !args.includes(socket)) continue;
    try {
      process.kill(Number(entry), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** Unmounts everything mounted below a directory, the deepest first. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const mount of await mountsBelow(directory)) await tryRun('umount', ['--lazy', '--no-canonicalize', mount]);
}

async function mountsBelow(directory: string): Promise<string[]> {
  return (await mountPoints()).filter((mount) => mount === directory || mount.startsWith(`${directory}/`)).reverse();
}

/** Removes a cgroup and all below it from every hierarchy; what still holds processes stays. */
export async function removeCgroups(cgroup: string): Promise<void> {
  await Promise.all((await hierarchies()).map((hierarchy) => removeTree(path.join(hierarchy, cgroup))));
}

async function removeEmptyCgroup(cgroup: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await fs.rmdir(path.join(hierarchy, cgroup)).catch(() => undefined);
}

/** Where cgroups are mounted: one tree (v2), or one a controller (v1). */
async function hierarchies(): Promise<string[]> {
  const mount = '/sys/fs/cgroup';
  const unified = await fs.stat(`${mount}/cgroup.controllers`).catch(() => undefined);
  return unified ? [mount] : (await fs.readdir(mount)).map((name) => path.join(mount, name));
}

async function removeTree(directory: string): Promise<void> {
  // Mostly the runtime has left nothing below it, or it is none of this hierarchy's: then nothing need be listed.
  if ((await removeEmpty(directory)) !== 'EBUSY') return;
  const entries = await fs.readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(path.join(directory, entry.name));
  // A cgroup's files cannot be deleted, only its directory; a moment may pass until the kernel sees the last process gone.
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if ((await removeEmpty(directory)) !== 'EBUSY') return;
    await delay(20);
  }
}

/** Gives the code of what stands against it: EBUSY where processes or other cgroups are in it. */
function removeEmpty(directory: string): Promise<string | undefined> {
  return fs.rmdir(directory).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
}
