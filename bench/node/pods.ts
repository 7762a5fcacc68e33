// Pods on a node: what its agent adds to the container runtime, for one pod and for thirty at once, and what it takes for itself then.

import { setTimeout as delay } from 'node:timers/promises';
import { startCluster, type TestCluster } from '../../test/tools/cluster.ts';
import { cpuTicks, megabytes, pidOf, ticksPerSecond } from '../footprint/main.ts';
import { openBareStarts } from '../pod-start/bare-start.ts';
import { benchPod } from '../pod-start/bench-pod.ts';
import { openPodStarter, timeOfAll } from '../pod-start/pod-starter.ts';
import { quantile } from '../pod-start/quantile.ts';
import { type Above, aboveTheRuntime, quietTurns } from '../pod-start/quiet-turns.ts';
import { loggedStarts, outsideTheRuntime } from '../pod-start/step-rows.ts';
import type { Row } from './row.ts';

const starts = 30;
const podCount = 30;
const turns = 3;
const idleSeconds = 15;

export async function podRows(): Promise<Row[]> {
  const cluster = await startCluster('zpbench4', '10.211.4');
  try {
    const above = await oneByOne(cluster);
    const { bare, together } = await atOnceInTurns(cluster);
    await cluster.apply(Array.from({ length: podCount }, (_, at) => benchPod(`pod-${at}`)));
    const names = Array.from({ length: podCount }, (_, at) => `pod/pod-${at}`);
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', ...names, '--timeout=180s');
    // What starting left behind was collected.
    await delay(20_000);
    const pid = pidOf(cluster.dataDir, 'agent');
    const before = cpuTicks(pid);
    await delay(idleSeconds * 1000);
    const idle = ((cpuTicks(pid) - before) / ticksPerSecond / idleSeconds) * 100;
    const rss = megabytes(pid, 'status', 'VmRSS');
    return [
      {
        what: `a pod, POST to Running seen by a watch, above the runtime asked by itself, p50 (19 times of 20 within ${Math.round(above.low)} to ${Math.round(above.high)})`,
        figure: Math.round(above.p50),
        unit: 'ms',
        goal: '50',
      },
      {
        what: 'a pod, POST to Running seen by a watch, while the runtime was asked for nothing, p50',
        figure: Math.round(above.outside),
        unit: 'ms',
        goal: '',
      },
      {
        what: `${podCount} pods at once, first POST to all Running, seen by a watch`,
        figure: rate(together),
        unit: 'pods/s',
        goal: "the runtime's",
      },
      {
        what: `${podCount} pods at once, asked of the runtime`,
        figure: rate(bare),
        unit: 'pods/s',
        goal: '',
      },
      { what: `agent with ${podCount} pods, RSS`, figure: rss, unit: 'MB', goal: '80' },
      { what: `agent with ${podCount} pods, idle`, figure: Number(idle.toFixed(2)), unit: '% of a core', goal: '1' },
    ];
  } finally {
    await cluster.remove();
  }
}

/** Milliseconds, with the spread of the figure, and the part of it that a busy machine moves least. */
async function oneByOne(cluster: TestCluster): Promise<Above & { readonly outside: number }> {
  const runtime = openBareStarts(`${cluster.dataDir}/agent/containerd/containerd.sock`);
  const pods = openPodStarter(cluster);
  try {
    const turns = await quietTurns(runtime, [pods], { rounds: starts, kind: 'plain' });
    return { ...aboveTheRuntime(turns), outside: outsideTheRuntime(turns.seen.flat(), loggedStarts(cluster)) };
  } finally {
    pods.close();
    await runtime.close();
  }
}

function rate(seconds: number): number {
  return Number((podCount / seconds).toFixed(1));
}

/** Seconds for many pods at once, and for the same asked of the runtime: medians of turns. */
async function atOnceInTurns(cluster: TestCluster): Promise<{ bare: number; together: number }> {
  const runtime = openBareStarts(`${cluster.dataDir}/agent/containerd/containerd.sock`);
  const pods = openPodStarter(cluster);
  const [bare, together]: [number[], number[]] = [[], []];
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      bare.push((await runtime.many(podCount)) / 1000);
      together.push(timeOfAll(await pods.start(podCount, 'plain')) / 1000);
    }
    return { bare: quantile(bare, 0.5), together: quantile(together, 0.5) };
  } finally {
    pods.close();
    await runtime.close();
  }
}
