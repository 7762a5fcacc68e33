// How much of memory, disk and process ids a node has left.

import fs from 'node:fs/promises';
import type { Observations } from '../../stats/signals.ts';

/** `directory`: where pods, their logs and images are. */
export async function observeNode(directory: string): Promise<Observations> {
  const [meminfo, disk, pidMax, loadavg] = await Promise.all([
    fs.readFile('/proc/meminfo', 'utf8'),
    fs.statfs(directory),
    fs.readFile('/proc/sys/kernel/pid_max', 'utf8'),
    fs.readFile('/proc/loadavg', 'utf8'),
  ]);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const bytes = { available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize };
  const inodes = { available: disk.ffree, capacity: disk.files };
  const tasks = Number(/\/(\d+)/.exec(loadavg)?.[1] ?? 0);
  return {
    'memory.available': { available: kibibytes('MemAvailable') * 1024, capacity: kibibytes('MemTotal') * 1024 },
    'nodefs.available': bytes,
    'nodefs.inodesFree': inodes,
    'imagefs.available': bytes,
    'imagefs.inodesFree': inodes,
    'pid.available': { available: Number(pidMax) - tasks, capacity: Number(pidMax) },
  };
}
