// `zeroplane run` of a busybox whose image is there, as a pipeline starts it: from the command to the first line of its log, and to its exit.

import { busybox, startRun } from '../../test/cli/run-tool.ts';
import { eventually, startCluster } from '../../test/tools/cluster.ts';

const rounds = 20;

export async function run(): Promise<unknown> {
  const cluster = await startCluster('zpbench3', '10.211.3');
  try {
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
    const lines: number[] = [];
    const exits: number[] = [];
    for (let i = 0; i < rounds + 2; i++) {
      const began = performance.now();
      const running = startRun(cluster, ['--image', busybox, '--quiet', '--', 'echo', 'first line']);
      await running.said('first line');
      const line = performance.now() - began;
      const { code, stderr } = await running.ended;
      if (code !== 0) throw new Error(`zeroplane run exited ${code}: ${stderr}`);
      // The first two warm caches of the node.
      if (i < 2) continue;
      lines.push(Math.round(line));
      exits.push(Math.round(performance.now() - began));
    }
    const rows = [
      { what: 'command to first log line', p50: quantile(lines, 0.5), p90: quantile(lines, 0.9) },
      { what: 'command to its exit', p50: quantile(exits, 0.5), p90: quantile(exits, 0.9) },
    ];
    console.table(rows);
    console.log('milliseconds. Goal: p50 of the first line under 1000');
    return rows;
  } finally {
    await cluster.remove();
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
