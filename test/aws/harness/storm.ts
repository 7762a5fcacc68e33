// Everything that may go wrong with functions at once, by chance from a seed, for as long as it blows: DynamoDB refuses, is slow or does
// not answer; batches come twice; environments end at any line, by a kill or because their time is over. The draws are the same on
// every run of a seed; which request meets which is up to the machine.

import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../simulation/random.ts';
import { createDynamoFaults, type DynamoFault, type DynamoFaultRates, type DynamoFaults } from './dynamo-faults.ts';
import type { DeliveryFaults } from './event-source.ts';
import type { LambdaFunction } from './lambda.ts';

type Fault = DynamoFault | 'twice' | 'forgotten' | 'killed' | 'timeouts' | 'coldStarts';

export interface Storm {
  readonly dynamo: DynamoFaults;
  readonly delivery: DeliveryFaults;
  /** After how many milliseconds the next invocation is cut off, if it is. */
  cutMs(): number | undefined;
  /** Begins to kill environments of these functions. */
  killsIn(functions: Readonly<Record<string, LambdaFunction>>): void;
  /** From here on nothing goes wrong. */
  end(): Promise<void>;
  /** How often each fault happened so far. */
  counts(): Readonly<Record<Fault, number>>;
}

const rates: DynamoFaultRates = { throttled: 0.02, requestLost: 0.005, answerLost: 0.005, failed: 0.005, slow: 0.03 };
const twiceRate = 0.2;
const forgottenRate = 0.05;
const cutRate = 0.03;
const longestCutMs = 400;
const betweenKillsMs = 400;
/** Invocations that came to their end between two kills of a function: nothing would get done where starting takes longer than living. */
const answersBetweenKills = 15;

export function createStorm(seed: number): Storm {
  // Chance of its own for each kind: how often one was asked for does not move the others.
  const random = (nth: number) => new Random(seed * 31 + nth);
  const [cuts, deliveries, kills] = [random(1), random(2), random(3)];
  const counts = { twice: 0, forgotten: 0, killed: 0 };
  const ending = new AbortController();
  const blows = () => !ending.signal.aborted;
  const dynamo = createDynamoFaults(random(4), rates, blows);
  let functions: readonly LambdaFunction[] = [];
  let killing = Promise.resolve();

  const happens = (kind: 'twice' | 'forgotten', rate: number) => {
    const does = blows() && deliveries.chance(rate);
    if (does) counts[kind]++;
    return does;
  };
  async function kill(): Promise<void> {
    const answeredBefore = new Map<LambdaFunction, number>();
    while (blows()) {
      await delay(kills.below(2 * betweenKillsMs), undefined, { signal: ending.signal }).catch(() => undefined);
      const victim = kills.pick(functions);
      if (!blows() || victim.answered < (answeredBefore.get(victim) ?? 0) + answersBetweenKills) continue;
      if (await victim.killOne((n) => kills.below(n))) counts.killed++;
      answeredBefore.set(victim, victim.answered);
    }
  }

  return {
    dynamo,
    delivery: {
      twice: () => happens('twice', twiceRate),
      forgotten: () => happens('forgotten', forgottenRate),
    },
    cutMs() {
      const cut = cuts.chance(cutRate) && blows();
      return cut ? 1 + cuts.below(longestCutMs) : undefined;
    },
    killsIn(all) {
      functions = Object.values(all);
      killing = kill();
    },
    async end() {
      ending.abort();
      await killing;
    },
    counts: () => ({
      ...dynamo.counts,
      ...counts,
      timeouts: functions.reduce((sum, each) => sum + each.timeouts, 0),
      coldStarts: functions.reduce((sum, each) => sum + each.environments, 0),
    }),
  };
}
