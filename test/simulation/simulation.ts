// One simulation, from a seed: processes come up, write, read, watch and die over a network full of faults, then all comes to rest
// and the end is checked too. The same options give the same history to the letter.

import type { DynamoCalls } from '../../core/store/dynamodb/calls.ts';
import { collectedAtAttribute } from '../../core/store/dynamodb/table.ts';
import { VirtualClock } from './clock.ts';
import { type FaultCounts, noCounts } from './faults/counts.ts';
import { type Network, networkCalls } from './faults/network.ts';
import { type FaultRates, noFaults, outage, storm } from './faults/rates.ts';
import { WakeUps } from './faults/wake-ups.ts';
import { ModelTable } from './model/table.ts';
import { Random } from './random.ts';
import { audit } from './traffic/audit.ts';
import { Process } from './traffic/process.ts';
import type { World } from './traffic/world.ts';
import { Checker } from './validation/checker.ts';
import { tap } from './validation/tap.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Events of the virtual clock: requests, answers, timers. The end takes some more. */
  readonly events: number;
  readonly rates?: FaultRates;
  /** Wraps the calls of every process: a fault that must be found. */
  readonly mutate?: (calls: DynamoCalls, world: World) => DynamoCalls;
  /** Ends the run at the first violation. */
  readonly stopAtViolation?: boolean;
}

export interface SimulationReport {
  readonly events: number;
  readonly virtualMs: number;
  readonly violations: readonly string[];
  readonly violationCount: number;
  readonly faults: FaultCounts;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly checks: Checker['checks'];
  readonly revisions: number;
  readonly fences: number;
  /** Of the whole history: equal for equal seeds. */
  readonly digest: string;
}

const startMs = Date.UTC(2026, 0, 1);
const processes = 4;

export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const clock = new VirtualClock(startMs);
  const random = new Random(options.seed);
  const checker = new Checker(() => clock.steps);
  const counts = noCounts();
  const table = new ModelTable(() => clock.now);
  const network: Network = { clock, random, table, counts, rates: options.rates ?? storm };
  const names = ['a/1', 'a/2', 'a/3', 'a/4', 'b/1', 'b/2', 'b/3', 'c/1'];
  let ids = 0;
  const world: World = {
    clock,
    random,
    network,
    wakeUps: new WakeUps(clock, random, counts),
    checker,
    types: [
      { type: 'pods', names, expires: false },
      { type: 'nodes', names: names.slice(0, 3), expires: false },
      { type: 'events', names, expires: true },
    ],
    connect(sender) {
      const calls = networkCalls(network, sender);
      return options.mutate?.(calls, world) ?? calls;
    },
    nextId: () => `w${(ids++).toString(36)}`,
    stopping: false,
    outcomes: {},
  };
  tap(table, checker);

  let born = 0;
  const live = new Set<Process>();
  const launch = () => {
    if (world.stopping) return;
    const process: Process = new Process(world, `p${born++}`, () => {
      live.delete(process);
      clock.after(random.between(50, 1000), launch);
    });
    live.add(process);
    process.start();
  };
  const collect = () => {
    counts.collectedEntries += table.collect(collectedAtAttribute, Math.floor(clock.now / 1000));
    if (!world.stopping) clock.after(random.between(2000, 8000), collect);
  };
  const kill = () => {
    if (world.stopping) return;
    counts.crashesAnytime++;
    random.pick([...live]).crash();
    clock.after(random.between(1000, 10_000), kill);
  };
  const breakDown = () => {
    if (world.stopping) return;
    counts.outages++;
    const usual = network.rates;
    network.rates = outage;
    clock.after(random.between(2000, 15_000), () => {
      if (!world.stopping) network.rates = usual;
      clock.after(random.between(20_000, 60_000), breakDown);
    });
  };
  for (let i = 0; i < processes; i++) launch();
  clock.after(5000, collect);
  if (network.rates.crash > 0) {
    clock.after(1000, kill);
    clock.after(8000, breakDown);
  }

  const failed = () => options.stopAtViolation === true && checker.violationCount > 0;
  await clock.run(() => clock.steps >= options.events || failed());
  world.stopping = true;
  network.rates = noFaults;
  if (!failed()) {
    await clock.run(() => false);
    void audit(world);
    await clock.run(() => false);
    checker.finish();
  }
  for (const process of live) process.crash();
  return {
    ...summary(checker),
    events: clock.steps,
    virtualMs: clock.now - startMs,
    faults: counts,
    outcomes: world.outcomes,
  };
}

function summary(checker: Checker) {
  let [revisions, fences, digest] = [0, 0, 0];
  for (const truth of checker.types.values())
    for (let revision = 1; revision < truth.size; revision++) {
      const slot = truth.slot(revision);
      revisions++;
      if (slot?.kind === 'fence') fences++;
      for (const char of `${slot?.kind}${slot?.name}${slot?.text}${slot?.at}`)
        digest = (Math.imul(digest, 31) + char.charCodeAt(0)) >>> 0;
    }
  const { violations, violationCount, checks } = checker;
  return { violations, violationCount, checks, revisions, fences, digest: digest.toString(16).padStart(8, '0') };
}
