// Starts in turns, so that a busy machine is busy for all of them: the runtime asked by itself, this version, and another one beside it.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../../core/process/child-environment.ts';
import { startCluster, startClusterOf, type TestCluster } from '../../test/tools/cluster.ts';
import { createHost } from '../../test/tools/host.ts';
import { type BareStart, openBareStarts } from './bare-start.ts';
import type { SeenStart } from './over-http.ts';
import { quantile } from './quantile.ts';
import { type LoggedStart, stepRows } from './step-rows.ts';

/** Of each kind that are not counted: they warm what is warm on a node that has started pods before. */
const warm = 3;
const manyTurns = 3;

export interface TurnOptions {
  /** Pods of each kind. */
  readonly rounds: number;
  /** Another checkout. */
  readonly beside: string | undefined;
  /** So many at once as well; 0: not. */
  readonly atOnce: number;
}

interface Starting {
  readonly what: string;
  readonly cluster: TestCluster;
  readonly pods: PodStarter;
  readonly took: number[];
  readonly seen: SeenStart[];
  /** Pods a second, of each turn with many at once. */
  readonly rates: number[];
}

export async function startsInTurns({ rounds, beside, atOnce }: TurnOptions): Promise<unknown> {
  const clusters: Starting[] = [];
  const add = async (what: string, cluster: TestCluster) =>
    clusters.push({ what, cluster, pods: openPodStarter(cluster), took: [], seen: [], rates: [] });
  try {
    await add('this version', await startCluster('zpbench2', '10.211.2'));
    if (beside !== undefined)
      await add(beside, await startClusterOf(beside, 'zpbench3', createHost('zpbench3', '10.211.3.1')));
    const [here] = clusters;
    if (!here) throw new Error('there is this version');
    const runtime = openBareStarts(`${here.cluster.dataDir}/agent/containerd/containerd.sock`);
    const [bare, bareRates]: [number[], number[]] = [[], []];
    const bareCalls: BareStart['calls'][] = [];
    try {
      for (let round = -warm; round < rounds; round += 1) {
        const began = performance.now();
        const { podSandboxId, calls } = await runtime.start(`bare-${round + warm}`);
        const took = performance.now() - began;
        if (round >= 0) {
          bare.push(took);
          bareCalls.push(calls);
        }
        await runtime.remove(podSandboxId);
        // Whose turn is first changes, since what is before a turn may still be at work in it.
        for (const each of round % 2 === 0 ? clusters : clusters.toReversed()) {
          const all = await each.pods.start(1);
          if (round < 0) continue;
          each.seen.push(...all);
          each.took.push(...all.map(({ running, posted }) => running - posted));
        }
      }
      for (let turn = 0; atOnce > 0 && turn < manyTurns; turn += 1) {
        bareRates.push((atOnce / (await runtime.many(atOnce))) * 1000);
        for (const each of turn % 2 === 0 ? clusters : clusters.toReversed())
          each.rates.push((atOnce / timeOfAll(await each.pods.start(atOnce))) * 1000);
      }
    } finally {
      await runtime.close();
    }
    const middle = quantile(bare, 0.5);
    const rows = [
      { what: 'sandbox, create and start asked of the runtime', p50: middle, p90: quantile(bare, 0.9), above: 0 },
      ...clusters.map(({ what, took }) => {
        const p50 = quantile(took, 0.5);
        return { what: `${what}: POST to Running seen by a watch`, p50, p90: quantile(took, 0.9), above: p50 - middle };
      }),
    ];
    console.table(rows.map(({ what, ...figures }) => ({ what, ...rounded(figures) })));
    const many = [{ what: 'asked of the runtime', rates: bareRates }, ...clusters].map(({ what, rates }) => ({
      what: `${atOnce} at once, pods/s: ${what}`,
      ...rounded({ p50: quantile(rates, 0.5) }),
    }));
    if (atOnce > 0) console.table(many);
    const steps = stepRows(here.seen, loggedStarts(here.cluster), bareCalls);
    console.table(steps);
    console.log(
      `milliseconds, medians of ${rounds} in turns; steps from the POST on. Goal: at most 50 above the runtime`,
    );
    return { rows, many, steps };
  } finally {
    for (const { pods } of clusters) pods.close();
    for (const { cluster } of clusters) await cluster.remove();
  }
}

/** Milliseconds from the first POST to the last that runs. */
export function timeOfAll(seen: readonly SeenStart[]): number {
  return Math.max(...seen.map(({ running }) => running)) - Math.min(...seen.map(({ posted }) => posted));
}

export interface PodStarter {
  /** At once; they are gone when it resolves. */
  start(count: number): Promise<readonly SeenStart[]>;
  close(): void;
}

/** Starts pods on the cluster's host, by HTTP. */
export function openPodStarter({ host, dataDir }: TestCluster): PodStarter {
  const [nsenter = '', ...rest] = host.enter;
  const child = spawn(nsenter, [...rest, process.execPath, join(import.meta.dirname, 'over-http.ts'), dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment(),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async start(count) {
      child.stdin.write(`${count}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`over-http.ts ended with ${child.exitCode}`);
      // as: that is what it prints.
      return JSON.parse(value) as SeenStart[];
    },
    close: () => child.stdin.end(),
  };
}

/** What the agent's log says of each pod it started. */
function loggedStarts(cluster: TestCluster): LoggedStart[] {
  const lines = readFileSync(`${cluster.dataDir}/log/agent.log`, 'utf8').split('\n');
  // as: the agent's own line.
  return lines.filter((line) => line.includes('"pod started"')).map((line) => JSON.parse(line) as LoggedStart);
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Math.round(figure * 10) / 10]));
}
