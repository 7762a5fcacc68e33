// From `kubectl apply` of a pod whose image is there to its container Running, as the API tells it, beside what the container
// runtime itself takes for the same sandbox and container. One pod at a time.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster, type TestCluster } from '../../test/tools/cluster.ts';
import { benchPod } from './bench-pod.ts';

const rounds = 20;

export async function run(): Promise<unknown> {
  const cluster = await startCluster('zpbench2', '10.211.2');
  try {
    const total: number[] = [];
    for (let i = 0; i < rounds + 2; i++) {
      const took = await startPod(cluster, `bench-${i}`);
      // The first two warm caches of kubectl (discovery) and of the node.
      if (i >= 2) total.push(took);
    }
    const runtime = runtimeTimes(cluster).slice(-rounds);
    const overHttp = await startsOverHttp(cluster, rounds);
    const runtimeThen = runtimeTimes(cluster).slice(-rounds);
    const rows = [
      { what: 'kubectl apply to Running', p50: quantile(total, 0.5), p90: quantile(total, 0.9) },
      {
        what: 'container runtime alone (sandbox + create + start)',
        p50: quantile(runtime, 0.5),
        p90: quantile(runtime, 0.9),
      },
      { what: 'POST to Running, seen by a watch', p50: quantile(overHttp, 0.5), p90: quantile(overHttp, 0.9) },
      {
        what: 'container runtime alone, meanwhile',
        p50: quantile(runtimeThen, 0.5),
        p90: quantile(runtimeThen, 0.9),
      },
    ];
    console.table(rows);
    console.log('milliseconds. Goal: p50 under 700, at most 100 above the runtime');
    return rows;
  } finally {
    await cluster.remove();
  }
}

async function startPod(cluster: TestCluster, name: string): Promise<number> {
  const began = performance.now();
  await cluster.apply(JSON.stringify(benchPod(name)));
  await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', `pod/${name}`, '--timeout=30s');
  const took = performance.now() - began;
  await cluster.kubectl('delete', 'pod', name, '--wait=true');
  return Math.round(took);
}

/** Milliseconds of each start, after two that warm up. */
export async function startsOverHttp(cluster: TestCluster, rounds: number): Promise<number[]> {
  const program = join(import.meta.dirname, 'over-http.ts');
  const { code, stdout, stderr } = await cluster.host.run(process.execPath, program, cluster.dataDir, `${rounds + 2}`);
  if (code !== 0) throw new Error(`over-http.ts exited ${code}: ${stderr}`);
  // as: that is what it prints.
  return (JSON.parse(stdout) as number[]).slice(2);
}

/** What the agent's log says of each pod it started: milliseconds spent in calls of the runtime. */
export function runtimeTimes(cluster: TestCluster): number[] {
  const lines = readFileSync(`${cluster.dataDir}/log/agent.log`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const found = /"runtimeMs":(\d+)/.exec(line);
    return found ? [Number(found[1])] : [];
  });
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
