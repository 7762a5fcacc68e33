// The way between a process and the table: requests take time, are refused, get lost, or come late; answers get lost. All of it as
// DynamoDB's clients see it, none of it visible to the table.

import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import type { VirtualClock } from '../clock.ts';
import { cancelled, refused, timedOut } from '../model/errors.ts';
import type { ModelItem } from '../model/expressions.ts';
import type { ModelTable } from '../model/table.ts';
import type { Random } from '../random.ts';
import type { FaultCounts } from './counts.ts';
import type { FaultRates } from './rates.ts';

/** Who sends. When it dies, nothing is answered any more; what it sent still arrives. */
export interface Sender {
  dead: boolean;
  /** Ends the process at this very moment. */
  crash(): void;
}

export interface Network {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly table: ModelTable;
  readonly counts: FaultCounts;
  /** Set to `noFaults` when the storm is over. */
  rates: FaultRates;
}

/** The client gives up on a request after so long. */
const timeoutMs = 1000;
const latestMs = 6000;

type Method = keyof DynamoCalls;

export function networkCalls(network: Network, sender: Sender): DynamoCalls {
  const { table } = network;
  const reads = (run: () => unknown) => ({ run, writes: false });
  const writes = (run: () => unknown) => ({ run, writes: true });
  const send = <T>(method: Method, actions: number, request: { run: () => unknown; writes: boolean }): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      // as: `run` is the table's method of the same name.
      deliver(network, sender, method, actions, request, resolve as (value: unknown) => void, reject);
    });
  return {
    getItem: (input) =>
      send(
        'getItem',
        0,
        reads(() => table.getItem(input)),
      ),
    batchGetItem: (input) =>
      send(
        'batchGetItem',
        0,
        reads(() => table.batchGetItem(input)),
      ),
    query: (input) =>
      send(
        'query',
        0,
        reads(() => table.query(input)),
      ),
    updateItem: (input) =>
      send(
        'updateItem',
        0,
        writes(() => table.updateItem(input)),
      ),
    putItem: (input) =>
      send(
        'putItem',
        0,
        writes(() => table.putItem(input)),
      ),
    deleteItem: (input) =>
      send(
        'deleteItem',
        0,
        writes(() => table.deleteItem(input)),
      ),
    transactWriteItems: (input) =>
      send(
        'transactWriteItems',
        input.TransactItems?.length ?? 0,
        writes(() => transact(network, input)),
      ),
  };
}

function deliver(
  network: Network,
  sender: Sender,
  method: Method,
  actions: number,
  { run, writes }: { readonly run: () => unknown; readonly writes: boolean },
  resolve: (value: unknown) => void,
  reject: (error: Error) => void,
): void {
  // A dead process sends nothing.
  if (sender.dead) return;
  const { clock, random, counts, rates } = network;
  const answer = (ms: number, settle: () => void) =>
    clock.after(ms, () => {
      if (!sender.dead) settle();
    });
  const there = random.between(1, 4);
  const back = random.between(1, 4);
  /** One draw decides among all faults: each takes its share of what the ones before left. */
  let fault = random.next();
  const hit = (rate: number) => {
    fault -= rate;
    return fault < 0;
  };

  if (hit(rates.throttle)) {
    counts.throttles++;
    const name = writes ? 'ProvisionedThroughputExceededException' : 'ThrottlingException';
    answer(there + back, () => reject(refused(name)));
  } else if (writes && hit(rates.conflict)) {
    counts.conflicts++;
    const guilty = random.below(Math.max(1, actions));
    const reasons = Array.from({ length: actions }, (_, i) => ({
      Code: i === guilty ? 'TransactionConflict' : 'None',
    }));
    const error = actions > 0 ? cancelled(reasons) : refused('TransactionConflictException');
    answer(there + back, () => reject(error));
  } else if (hit(rates.lostRequest)) {
    counts.lostRequests++;
    answer(timeoutMs, () => reject(timedOut()));
  } else if (hit(rates.lostAnswer)) {
    counts.lostAnswers++;
    clock.after(there, () => void outcomeOf(run));
    answer(timeoutMs, () => reject(timedOut()));
  } else if (writes && hit(rates.lateRequest)) {
    counts.lateRequests++;
    clock.after(timeoutMs + random.below(latestMs), () => void outcomeOf(run));
    answer(timeoutMs, () => reject(timedOut()));
  } else {
    const slow = hit(rates.slow) ? random.below(timeoutMs / 2) : 0;
    if (slow > 0) counts.slow++;
    const crash = writes && random.chance(rates.crash);
    const beforeCommit = crash && method === 'updateItem';
    clock.after(there + slow, () => {
      const outcome = outcomeOf(run);
      if (crash && !sender.dead) {
        if (beforeCommit) counts.crashesAfterIncrement++;
        else counts.crashesAfterWrite++;
        sender.crash();
        return;
      }
      const wait = 'torn' in outcome ? outcome.torn : 0;
      answer(wait + back, () => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)));
    });
  }
}

type Outcome = { readonly value: unknown; readonly torn: number } | { readonly error: Error };

function outcomeOf(run: () => unknown): Outcome {
  try {
    const value = run();
    if (value instanceof Torn) return { value: value.value, torn: value.forMs };
    return { value, torn: 0 };
  } catch (error) {
    // as: the table throws errors only.
    return { error: error as Error };
  }
}

/** A transaction's answer that comes only after queries see all of it. */
class Torn {
  readonly value: unknown;
  readonly forMs: number;

  constructor(value: unknown, forMs: number) {
    this.value = value;
    this.forMs = forMs;
  }
}

function transact(network: Network, input: Parameters<DynamoCalls['transactWriteItems']>[0]): unknown {
  const { clock, random, counts, rates, table } = network;
  const torn = random.chance(rates.torn);
  const { answer, changes } = table.transactWriteItems(input, torn);
  if (!torn) return answer;
  counts.torn++;
  let longest = 0;
  for (const key of changes) {
    const ms = random.between(1, 15);
    longest = Math.max(longest, ms);
    clock.after(ms, () => table.mend([key] satisfies ModelItem[]));
  }
  return new Torn(answer, longest);
}
