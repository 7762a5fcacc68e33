// From `kubectl apply` of a pod whose image is there to its container Running, as the API tells it, beside what the container
// runtime itself takes for the same sandbox and container. One pod at a time.

import { startCluster, type TestCluster } from '../../test/tools/cluster.ts';

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
    const runtime = (await runtimeTimes(cluster)).slice(-rounds);
    const rows = [
      { what: 'kubectl apply to Running', p50: quantile(total, 0.5), p90: quantile(total, 0.9) },
      {
        what: 'container runtime alone (sandbox + create + start)',
        p50: quantile(runtime, 0.5),
        p90: quantile(runtime, 0.9),
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
  const manifest = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'sleep', image: 'zeroplane.local/busybox:1', command: ['/bin/sleep', '3600'] }],
    },
  });
  const began = performance.now();
  await cluster.apply(manifest);
  await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', `pod/${name}`, '--timeout=30s');
  const took = performance.now() - began;
  await cluster.kubectl('delete', 'pod', name, '--wait=true');
  return Math.round(took);
}

/** What the agent's log says of each pod it started: milliseconds spent in calls of the runtime. */
async function runtimeTimes(cluster: TestCluster): Promise<number[]> {
  const { readFileSync } = await import('node:fs');
  const lines = readFileSync(`${cluster.dataDir}/log/agent.log`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const found = /"runtimeMs":(\d+)/.exec(line);
    return found ? [Number(found[1])] : [];
  });
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
