// Starts one at a time, in turns: a busy machine is busy for all of them alike. Each begins when what the one before it left behind has been
// done: the agent reports events, acknowledges hints and saves what it was told a while after a start, and a network namespace goes after
// its sandbox. Without the pause such work lies in whichever start comes next, and it is chance which of them looks slower.

import { setTimeout as delay } from 'node:timers/promises';
import type { BareStart, BareStarts } from './bare-start.ts';
import type { PodKind } from './bench-pod.ts';
import type { SeenStart } from './over-http.ts';
import type { PodStarter } from './pod-starter.ts';
import { quantile } from './quantile.ts';

const quietMs = 1500;
/** Of each that are not counted: they warm what is warm on a node that has started pods before. */
const warm = 3;

export interface QuietTurns {
  readonly bare: readonly BareStart[];
  /** Of each starter, in their order: a start a round. */
  readonly seen: readonly (readonly SeenStart[])[];
}

export async function quietTurns(
  runtime: BareStarts,
  starters: readonly PodStarter[],
  { rounds, kind }: { readonly rounds: number; readonly kind: PodKind },
): Promise<QuietTurns> {
  const bare: BareStart[] = [];
  const seen: SeenStart[][] = starters.map(() => []);
  const turns = [
    async (round: number) => {
      const start = await runtime.start(`bare-${kind}-${round + warm}`, kind);
      await runtime.remove(start.podSandboxId);
      if (round >= 0) bare.push(start);
    },
    ...starters.map((starter, at) => async (round: number) => {
      const started = await starter.start(1, kind);
      if (round >= 0) seen[at]?.push(...started);
    }),
  ];
  for (let round = -warm; round < rounds; round += 1)
    // Whose turn is first changes, since what is before a turn may still be at work in it.
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      await delay(quietMs);
      await turn(round);
    }
  return { bare, seen };
}

export interface Above {
  /** Milliseconds: the median of what each pod took more than the start asked of the runtime beside it. */
  readonly p50: number;
  /** Between these it lies, 19 times of 20. */
  readonly low: number;
  readonly high: number;
}

export function aboveTheRuntime({ bare, seen }: QuietTurns, at = 0): Above {
  const more = (seen[at] ?? []).map((each, round) => timeOf(each) - (bare[round]?.took ?? Number.NaN));
  const sorted = more.toSorted((a, b) => a - b);
  // Ranks of a sign test: how many of the values lie below their median is binomial.
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  const [low = Number.NaN, high = Number.NaN] = [sorted[rank], sorted[sorted.length - 1 - rank]];
  return { p50: quantile(more, 0.5), low, high };
}

/** Milliseconds. */
export function timeOf({ posted, running }: SeenStart): number {
  return running - posted;
}
