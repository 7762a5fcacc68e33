// The way of a pod from its POST to the watcher that sees it run, step by step: what the watcher saw beside what the agent logged.

import { readFileSync } from 'node:fs';
import type { StartTimes } from '../../agent/pods/start-latency.ts';
import type { SeenStart } from './over-http.ts';
import { quantile } from './quantile.ts';

/** A line of the agent's log. `time`: Unix milliseconds at its end. */
type LoggedStart = StartTimes & { readonly pod: string; readonly time: number };

/** What the agent's log says of each pod it started. `dataDir`: of the cluster. */
export function loggedStarts({ dataDir }: { readonly dataDir: string }): LoggedStart[] {
  const lines = readFileSync(`${dataDir}/log/agent.log`, 'utf8').split('\n');
  // as: the agent's own line.
  return lines.filter((line) => line.includes('"pod started"')).map((line) => JSON.parse(line) as LoggedStart);
}

export interface StepRow {
  readonly step: string;
  readonly from: number;
  readonly to: number;
  readonly took: number;
  /** What the runtime takes for the same where nothing else goes on. */
  readonly bare?: number;
}

/** Milliseconds between POST and Running during which the runtime was asked for nothing: the median. */
export function outsideTheRuntime(seen: readonly SeenStart[], logged: readonly LoggedStart[]): number {
  const byPod = new Map(logged.map((each) => [each.pod, each]));
  const outside = seen.flatMap(({ name, posted, running }) => {
    const start = byPod.get(`default/${name}`);
    return start ? [running - posted - start.runtimeMs] : [];
  });
  return quantile(outside, 0.5);
}

/** `bare`: milliseconds by call of the runtime, of starts that were asked of it alone. */
export function stepRows(
  seen: readonly SeenStart[],
  logged: readonly LoggedStart[],
  bare: readonly Readonly<Record<string, number>>[],
): StepRow[] {
  const spans = new Map<string, [number, number][]>();
  const note = (step: string, from: number, to: number) => {
    spans.set(step, [...(spans.get(step) ?? []), [from, to]]);
  };
  const byPod = new Map(logged.map((each) => [each.pod, each]));
  for (const { name, posted, answered, bound, running } of seen) {
    const start = byPod.get(`default/${name}`);
    if (!start) continue;
    const tookUp = start.time - start.ms - posted;
    note('POST answered', 0, answered - posted);
    note('binding seen by the watcher', answered - posted, bound - posted);
    note('taken up by the agent', bound - posted, tookUp);
    for (const [step, [from, to]] of Object.entries(start.steps)) note(step, tookUp + from, tookUp + to);
    note('start logged', tookUp, start.time - posted);
    note('Running seen by the watcher', start.time - posted, running - posted);
  }
  const middle = (values: number[]) => Math.round(quantile(values, 0.5) * 10) / 10;
  const bareOf = (step: string) => {
    const calls = bare.flatMap((each) => each[step] ?? []);
    return calls.length > 0 && { bare: middle(calls) };
  };
  return [...spans]
    .map(([step, all]) => ({
      step,
      from: middle(all.map(([from]) => from)),
      to: middle(all.map(([, to]) => to)),
      took: middle(all.map(([from, to]) => to - from)),
      ...bareOf(step),
    }))
    .sort((a, b) => a.to - b.to);
}
