// The cgroup of a pod: limits for all its containers together, and for the number of its processes. CRI has no call for either.

import fs from 'node:fs/promises';
import path from 'node:path';
import { removeCgroups } from '../containerd/teardown.ts';
import type { PodCgroupLimits } from '../pod/resources.ts';
import type { PodCgroups } from './pod-cgroups.ts';

const mount = '/sys/fs/cgroup';

/** `root`: the cgroup of all pods of this node, such as `/zeroplane/node-1`. `pidsLimit`: processes a pod; 0 for no limit. */
export async function createPodCgroups(root: string, pidsLimit: number): Promise<PodCgroups> {
  const unified = (await fs.stat(`${mount}/cgroup.controllers`).catch(() => undefined)) !== undefined;
  const parent = (uid: string) => `${root}/pod${uid}`;
  return {
    parent,
    create: (uid, limits) =>
      unified ? createUnified(parent(uid), limits, pidsLimit) : createLegacy(parent(uid), limits, pidsLimit),
    remove: (uid) => removeCgroups(parent(uid)),
  };
}

async function createLegacy(cgroup: string, limits: PodCgroupLimits, pidsLimit: number): Promise<void> {
  const write = async (controller: string, file: string, value: number) => {
    const directory = path.join(mount, controller, cgroup);
    await fs.mkdir(directory, { recursive: true });
    await fs.writeFile(path.join(directory, file), String(value));
  };
  await Promise.all([
    write('cpu', 'cpu.shares', limits.cpuShares),
    ...(limits.cpuQuota ? [write('cpu', 'cpu.cfs_quota_us', limits.cpuQuota)] : []),
    ...(limits.memory ? [write('memory', 'memory.limit_in_bytes', limits.memory)] : []),
    ...(pidsLimit > 0 ? [write('pids', 'pids.max', pidsLimit)] : []),
  ]);
}

async function createUnified(cgroup: string, limits: PodCgroupLimits, pidsLimit: number): Promise<void> {
  const parts = cgroup.split('/').filter(Boolean);
  let directory = mount;
  for (const part of parts) {
    // A controller works in a cgroup only when its parent hands it down.
    await fs.writeFile(path.join(directory, 'cgroup.subtree_control'), '+cpu +memory +pids').catch(() => undefined);
    directory = path.join(directory, part);
    await fs.mkdir(directory, { recursive: true });
  }
  const write = (file: string, value: string | number) => fs.writeFile(path.join(directory, file), String(value));
  // From shares (2..262144) to weight (1..10000), as runc does.
  await write('cpu.weight', Math.floor(1 + ((limits.cpuShares - 2) * 9999) / 262_142));
  if (limits.cpuQuota) await write('cpu.max', `${limits.cpuQuota} 100000`);
  if (limits.memory) await write('memory.max', limits.memory);
  if (pidsLimit > 0) await write('pids.max', pidsLimit);
}
