// Everything that may go wrong with functions at once, by chance from a seed, for as long as it blows: DynamoDB refuses, is slow or does
// not answer; batches come twice; environments end at any line, by a kill or because their time is over. The draws are the same on
// every run of a seed; which request meets which is up to the machine.

import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../simulation/random.ts';
import type { ChannelGateway, MessageFaults } from './channel-gateway.ts';
import { createDynamoFaults, type DynamoFault, type DynamoFaultRates, type DynamoFaults } from './dynamo-faults.ts';
import type { LambdaFunction } from './lambda.ts';
import type { DeliveryFaults } from './lambda-server.ts';

type ChannelFault = 'wordsLost' | 'wordsTwice' | 'wordsLate' | 'dropped';
type Fault = DynamoFault | ChannelFault | 'twice' | 'forgotten' | 'killed' | 'timeouts' | 'coldStarts';

export interface Storm {
  readonly dynamo: DynamoFaults;
  readonly delivery: DeliveryFaults;
  /** Of what edges are told. */
  readonly words: MessageFaults;
  /** After how many milliseconds the next invocation is cut off, if it is. */
  cutMs(): number | undefined;
  /** Begins to kill environments of these functions. */
  killsIn(functions: Readonly<Record<string, LambdaFunction>>): void;
  /** Begins to end all connections of the channel. */
  dropsOf(channel: Pick<ChannelGateway, 'drop' | 'connections'>): void;
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
const wordRates = { lost: 0.15, twice: 0.3, late: 0.3 };
const longestLateMs = 1500;
const betweenDropsMs = 1500;
/** Invocations that came to their end between two kills of a function: nothing would get done where starting takes longer than living. */
const answersBetweenKills = 15;
/** The same of connections: a busy machine takes longer to open one than it would live. */
const wordsBetweenDrops = 3;

export function createStorm(seed: number): Storm {
  // Chance of its own for each kind: how often one was asked for does not move the others.
  const random = (nth: number) => new Random(seed * 31 + nth);
  const [cuts, deliveries, kills, words, drops] = [random(1), random(2), random(3), random(5), random(6)];
  const counts = { twice: 0, forgotten: 0, killed: 0, wordsLost: 0, wordsTwice: 0, wordsLate: 0, dropped: 0 };
  const ending = new AbortController();
  const blows = () => !ending.signal.aborted;
  const dynamo = createDynamoFaults(random(4), rates, blows);
  let said = 0;
  let functions: readonly LambdaFunction[] = [];
  let killing = Promise.resolve();
  let dropping = Promise.resolve();

  const happens = (kind: 'twice' | 'forgotten', rate: number) => {
    const does = blows() && deliveries.chance(rate);
    if (does) counts[kind]++;
    return does;
  };
  const wordIs = (kind: 'wordsLost' | 'wordsTwice' | 'wordsLate', rate: number) => {
    const is = blows() && words.chance(rate);
    if (is) counts[kind]++;
    return is;
  };
  async function drop(channel: Pick<ChannelGateway, 'drop' | 'connections'>): Promise<void> {
    let saidBefore = 0;
    while (blows()) {
      await delay(drops.below(2 * betweenDropsMs), undefined, { signal: ending.signal }).catch(() => undefined);
      if (!blows() || channel.connections === 0 || said < saidBefore + wordsBetweenDrops) continue;
      channel.drop();
      saidBefore = said;
      counts.dropped++;
    }
  }
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
    words: {
      lost: () => {
        said++;
        return wordIs('wordsLost', wordRates.lost);
      },
      twice: () => wordIs('wordsTwice', wordRates.twice),
      lateMs: () => (wordIs('wordsLate', wordRates.late) ? words.below(longestLateMs) : 0),
    },
    dropsOf(channel) {
      dropping = drop(channel);
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
      await Promise.all([killing, dropping]);
    },
    counts: () => ({
      ...dynamo.counts,
      ...counts,
      timeouts: functions.reduce((sum, each) => sum + each.timeouts, 0),
      coldStarts: functions.reduce((sum, each) => sum + each.environments, 0),
    }),
  };
}
