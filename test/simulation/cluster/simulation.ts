// One simulated cluster, from a seed: processes of the control plane come up and die, nodes fall silent, users do as they like; then
// all comes to rest, and the end is checked too. The same seed gives the same history.

import { createHash } from 'node:crypto';
import type { Definitions } from '../../../core/api/definition.ts';
import { loadDefinitions } from '../../../core/api/definitions.ts';
import { hasReason, StatusError } from '../../../core/machinery/status.ts';
import { VirtualClock } from '../clock.ts';
import { Random } from '../random.ts';
import { violationsAtRest } from './at-rest.ts';
import { type Load, startAutoscaling, unsettled } from './autoscaling.ts';
import { type Api, openApi, startControlPlane } from './control-plane.ts';
import { calm, type Faults, noFaults, storm } from './faults.ts';
import { invariants, noteDisruptions } from './invariants.ts';
import { Ledger, type Step } from './ledger.ts';
import type { Network } from './line.ts';
import { startNodes } from './nodes.ts';
import { Truth } from './truth.ts';
import { namespace, startUsers } from './users.ts';

export interface ClusterSimulationOptions {
  readonly seed: number;
  /** Virtual seconds with faults and users; coming to rest takes some more. */
  readonly seconds: number;
  /** Processes of the control plane at a time. Default 2. */
  readonly processes?: number;
  readonly onViolation?: (violation: string) => void;
  /** Every change but events and claims, before it is checked; virtual seconds since the start. */
  readonly onStep?: (step: Step, seconds: number) => void;
}

export interface ClusterSimulationReport {
  readonly events: number;
  readonly virtualMs: number;
  readonly violations: readonly string[];
  readonly faults: Faults;
  readonly actions: Readonly<Record<string, number>>;
  /** How often each invariant had something to check. */
  readonly checks: Readonly<Record<string, number>>;
  readonly commits: number;
  /** What processes logged that is no answer of the store's faults. */
  readonly problems: readonly string[];
  /** Of all commits in order: equal for equal seeds. */
  readonly digest: string;
}

const startMs = Date.UTC(2026, 0, 1);
const nodeNames = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e', 'node-f'];
/** Nothing but events may be written for so long before the cluster counts as at rest. Longer than any pause of a controller. */
const restMs = 150_000;
const longestRestMs = 3_600_000;

export async function simulateCluster(options: ClusterSimulationOptions): Promise<ClusterSimulationReport> {
  const clock = new VirtualClock(startMs);
  const random = new Random(options.seed);
  const truth = new Truth();
  const ledger = new Ledger();
  const faults = noFaults();
  const network: Network = { clock, random, truth, faults, rates: calm, lines: new Set() };
  const definitions = loadDefinitions();
  const violations: string[] = [];
  const problems: string[] = [];
  const checks: Record<string, number> = Object.fromEntries(Object.keys(invariants).map((name) => [name, 0]));
  const hash = createHash('sha256');
  let commits = 0;
  let lastChange = startMs;

  const violate = (text: string) => {
    const violation = `${((clock.now - startMs) / 1000).toFixed(1)} s: ${text}`;
    violations.push(violation);
    options.onViolation?.(violation);
  };
  truth.onChange = (change) => {
    commits++;
    hash.update(`${clock.now} ${change.type} ${change.entry.op} ${change.entry.name} `).update(change.entry.value);
    const step = ledger.take(change, clock.now);
    if (!step) return;
    lastChange = clock.now;
    options.onStep?.(step, (clock.now - startMs) / 1000);
    noteDisruptions(ledger, step);
    for (const [name, check] of Object.entries(invariants)) {
      const wrong = check(ledger, step, () => {
        checks[name] = (checks[name] ?? 0) + 1;
      });
      if (wrong) violate(`${name}: ${wrong}`);
    }
  };
  const onProblem = (message: string, error?: unknown) => {
    if (!isExpected(error)) problems.push(`${message}: ${error instanceof Error ? error.stack : String(error)}`);
  };

  const users = openApi(network, definitions);
  await within(clock, prepare(users));
  const machines = openApi(network, definitions);
  const nodes = startNodes(network, machines, nodeNames);
  const load: Load = new Map();
  const fleet = startFleet(network, definitions, load, options.processes ?? 2, onProblem);
  const expire = () => {
    truth.expire(clock.now / 1000);
    clock.after(5000, expire);
  };
  expire();
  // Everything up once before anything goes wrong.
  await clock.run(() => clock.now >= startMs + 10_000);
  network.rates = storm;
  const people = startUsers(network, users, 3);
  const autoscaling = startAutoscaling(network, users, load);
  await clock.run(() => clock.now >= startMs + options.seconds * 1000);

  people.stop();
  autoscaling.stop();
  nodes.heal();
  fleet.settle();
  network.rates = calm;
  const end = clock.now + longestRestMs;
  await clock.run(() => clock.now >= end || clock.now - lastChange >= restMs);
  if (clock.now >= end) violate('the cluster does not come to rest');
  for (const each of [...violationsAtRest(ledger, people.expectations, nodeNames.length), ...unsettled(ledger, load)])
    violate(`at rest: ${each}`);

  // Whoever comes fresh finds nothing to do.
  fleet.crash();
  const rested = lastChange;
  const fresh = startControlPlane(network, definitions, 'fresh', load, onProblem, () =>
    violate('a fresh process does not start'),
  );
  const looked = clock.now + 60_000;
  await clock.run(() => clock.now >= looked);
  if (lastChange !== rested) violate('a fresh process finds something to do in a cluster at rest');
  fresh.crash();
  return {
    events: clock.steps,
    virtualMs: clock.now - startMs,
    violations,
    faults,
    actions: people.actions,
    checks,
    commits,
    problems,
    digest: hash.digest('hex').slice(0, 16),
  };
}

async function prepare(api: Api): Promise<void> {
  const context = { user: { username: 'admin', groups: ['system:masters'] }, warnings: [] };
  for (const name of ['default', 'kube-system', namespace])
    await api.registry.create(context, api.target('namespaces'), { metadata: { name } });
}

/** Lets time pass until `work` is done. */
async function within(clock: VirtualClock, work: Promise<void>): Promise<void> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  while (!done) {
    // The clock has nothing to do before the work has asked for something.
    await new Promise(setImmediate);
    await clock.run(() => done);
  }
  await finished;
}

/** Keeps so many processes of the control plane running, each for a while. */
function startFleet(
  network: Network,
  definitions: Definitions,
  load: Load,
  count: number,
  onProblem: (message: string, error?: unknown) => void,
) {
  const { clock, random, faults } = network;
  const live = new Set<Api>();
  let born = 0;
  let settled = false;

  function launch(): void {
    const end = () => {
      if (!live.delete(api)) return;
      api.crash();
      clock.after(random.between(50, 15_000), launch);
    };
    const api: Api = startControlPlane(network, definitions, `process-${born++}`, load, onProblem, end);
    live.add(api);
    clock.after(random.between(500, 120_000), () => {
      if (settled || !live.has(api)) return;
      faults.crashes++;
      end();
    });
  }

  for (let i = 0; i < count; i++) launch();
  return {
    settle() {
      settled = true;
    },
    crash() {
      for (const api of live) api.crash();
      live.clear();
    },
  };
}

/** What the store's faults lead to. Anything else that a process logs is a fault of its own. */
function isExpected(error: unknown): boolean {
  if (hasReason(error, 'TooManyRequests', 'ServerTimeout', 'Conflict')) return true;
  // Without a Status: what the store said went on as it is, to a loop that tries again.
  return !(error instanceof StatusError) && error instanceof Error && error.name === 'StoreError';
}
