// What an idle cluster costs its machine: memory and processor time of the control plane and the agent, over a while.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCluster } from '../../test/tools/cluster.ts';

const seconds = 20;
/** Clock ticks per second of proc(5); Linux has had 100 for user space on all architectures for decades. */
export const ticksPerSecond = 100;

export async function run(): Promise<unknown> {
  const began = performance.now();
  const cluster = await startCluster('zpbench1', '10.211.1');
  const upSeconds = (performance.now() - began) / 1000;
  try {
    // Starting is over, and what it left behind was collected.
    await delay(20_000);
    const pids = ['control-plane', 'agent'].map((name) => ({ name, pid: pidOf(cluster.dataDir, name) }));
    const before = pids.map(({ pid }) => cpuTicks(pid));
    await delay(seconds * 1000);
    const rows = pids.map(({ name, pid }, i) => ({
      process: name,
      'RSS MB': megabytes(pid, 'status', 'VmRSS'),
      // Shared with every other process of node, the other one of this table among them.
      'of it file pages MB': megabytes(pid, 'status', 'RssFile'),
      'PSS MB': megabytes(pid, 'smaps_rollup', 'Pss'),
      'CPU % of a core': Number((((cpuTicks(pid) - (before[i] ?? 0)) / ticksPerSecond / seconds) * 100).toFixed(2)),
    }));
    const total = {
      process: 'together',
      'RSS MB': rows.reduce((sum, row) => sum + row['RSS MB'], 0),
      'of it file pages MB': rows.reduce((sum, row) => sum + row['of it file pages MB'], 0),
      'PSS MB': rows.reduce((sum, row) => sum + row['PSS MB'], 0),
      'CPU % of a core': Number(rows.reduce((sum, row) => sum + row['CPU % of a core'], 0).toFixed(2)),
    };
    console.log(`up --detach, packages installed: node Ready after ${upSeconds.toFixed(1)} s (goal: 10 s)`);
    console.table([...rows, total]);
    console.log(
      'goal: under 150 MB and under 1 % of a core together. PSS counts pages that several processes share once',
    );
    return { upSeconds, rows, total };
  } finally {
    await cluster.remove();
  }
}

export function pidOf(dataDir: string, name: string): number {
  return Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8').split(' ')[0]);
}

/** Megabytes (10^6 bytes) that a line of /proc/PID/FILE tells in kB. */
export function megabytes(pid: number, file: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1];
  return Math.round((Number(kilobytes) * 1024) / 1e6);
}

export function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
