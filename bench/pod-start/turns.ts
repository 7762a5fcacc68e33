// This version, another one beside it and the runtime asked by itself, each in its turn.

import { startCluster, startClusterOf, type TestCluster } from '../../test/tools/cluster.ts';
import { createHost } from '../../test/tools/host.ts';
import { type BareStarts, openBareStarts } from './bare-start.ts';
import type { PodKind } from './bench-pod.ts';
import { openPodStarter, type PodStarter, timeOfAll } from './pod-starter.ts';
import { quantile } from './quantile.ts';
import { aboveTheRuntime, quietTurns, timeOf } from './quiet-turns.ts';
import { loggedStarts, outsideTheRuntime, stepRows } from './step-rows.ts';

const manyTurns = 3;

export interface TurnOptions {
  /** Pods of each kind. */
  readonly rounds: number;
  readonly kinds: readonly PodKind[];
  /** Another checkout. */
  readonly beside: string | undefined;
  /** So many at once as well; 0: not. */
  readonly atOnce: number;
}

interface Starting {
  readonly what: string;
  readonly cluster: TestCluster;
  readonly pods: PodStarter;
}

export async function startsInTurns({ rounds, kinds, beside, atOnce }: TurnOptions): Promise<unknown> {
  const clusters: Starting[] = [];
  const add = async (what: string, cluster: TestCluster) =>
    clusters.push({ what, cluster, pods: openPodStarter(cluster) });
  try {
    await add('this version', await startCluster('zpbench2', '10.211.2'));
    if (beside !== undefined)
      await add(beside, await startClusterOf(beside, 'zpbench3', createHost('zpbench3', '10.211.3.1')));
    const [here] = clusters;
    if (!here) throw new Error('there is this version');
    const runtime = openBareStarts(`${here.cluster.dataDir}/agent/containerd/containerd.sock`);
    try {
      const results = [];
      for (const kind of kinds) results.push(await oneByOne(runtime, clusters, { rounds, kind }));
      return { kinds: results, ...(atOnce > 0 && { many: await manyAtOnce(runtime, clusters, atOnce) }) };
    } finally {
      await runtime.close();
    }
  } finally {
    for (const { pods } of clusters) pods.close();
    for (const { cluster } of clusters) await cluster.remove();
  }
}

async function oneByOne(
  runtime: BareStarts,
  clusters: readonly Starting[],
  options: { readonly rounds: number; readonly kind: PodKind },
): Promise<unknown> {
  const starters = clusters.map(({ pods }) => pods);
  const turns = await quietTurns(runtime, starters, options);
  const bare = turns.bare.map(({ took }) => took);
  const rows = [
    { what: 'asked of the runtime', p50: quantile(bare, 0.5), p90: quantile(bare, 0.9) },
    ...clusters.map(({ what, cluster }, at) => {
      const seen = turns.seen[at] ?? [];
      const took = seen.map(timeOf);
      const { p50: above, low, high } = aboveTheRuntime(turns, at);
      const outside = outsideTheRuntime(seen, loggedStarts(cluster));
      return { what, p50: quantile(took, 0.5), p90: quantile(took, 0.9), above, low, high, outside };
    }),
  ];
  console.log(`A pod (${options.kind}), POST to Running seen by a watch:`);
  console.table(rows.map(({ what, ...figures }) => ({ what, ...rounded(figures) })));
  const [here] = clusters;
  const [seen = []] = turns.seen;
  const calls = turns.bare.map((each) => each.calls);
  const steps = here ? stepRows(seen, loggedStarts(here.cluster), calls) : [];
  console.table(steps);
  console.log(
    `milliseconds, medians of ${options.rounds} in turns. above: the runtime, the start beside it; low and high: between them it lies 19 times of 20;`,
  );
  console.log('outside: no call of the runtime was on its way. Steps from the POST on. Goal: at most 50 above');
  return { kind: options.kind, rows, steps };
}

async function manyAtOnce(runtime: BareStarts, clusters: readonly Starting[], count: number): Promise<unknown> {
  const bare: number[] = [];
  const rates = clusters.map((): number[] => []);
  for (let turn = 0; turn < manyTurns; turn += 1) {
    bare.push((count / (await runtime.many(count))) * 1000);
    const entries = [...clusters.entries()];
    for (const [at, { pods }] of turn % 2 === 0 ? entries : entries.toReversed())
      rates[at]?.push((count / timeOfAll(await pods.start(count, 'plain'))) * 1000);
  }
  const all = [
    { what: 'asked of the runtime', of: bare },
    ...clusters.map(({ what }, at) => ({ what, of: rates[at] ?? [] })),
  ];
  const rows = all.map(({ what, of }) => ({
    what: `${count} at once, pods/s: ${what}`,
    ...rounded({ p50: quantile(of, 0.5) }),
  }));
  console.table(rows);
  return rows;
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Math.round(figure * 10) / 10]));
}
