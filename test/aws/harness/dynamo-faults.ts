// What goes wrong between a function and DynamoDB, by chance: requests that are refused, slow, lost before or after they were done.

import type { Random } from '../../simulation/random.ts';

/**
 * throttled: refused because of too many. requestLost: the connection ends and nothing was done. answerLost: the connection ends, and
 * what was asked for is done, perhaps a little later. failed: a failure of the service, done or not. slow: done, late.
 */
export type DynamoFault = 'throttled' | 'requestLost' | 'answerLost' | 'failed' | 'slow';

/** How likely each is for a request. */
export type DynamoFaultRates = Readonly<Record<DynamoFault, number>>;

export interface DynamoFaults {
  /** What becomes of the next request. */
  next(): DynamoFault | undefined;
  /** How late something slow is, in milliseconds. */
  delayMs(): number;
  /** Whether something happens that may as well not. */
  toss(): boolean;
  readonly counts: Readonly<Record<DynamoFault, number>>;
}

const longestMs = 300;

/** `blows`: whether anything goes wrong at this time. */
export function createDynamoFaults(random: Random, rates: DynamoFaultRates, blows: () => boolean): DynamoFaults {
  const counts = { throttled: 0, requestLost: 0, answerLost: 0, failed: 0, slow: 0 };
  // as: the names of a record.
  const likely = Object.entries(rates) as [DynamoFault, number][];
  return {
    counts,
    next() {
      if (!blows()) return undefined;
      let draw = random.next();
      for (const [fault, rate] of likely) {
        if (draw < rate) {
          counts[fault]++;
          return fault;
        }
        draw -= rate;
      }
      return undefined;
    },
    delayMs: () => random.below(longestMs),
    toss: () => random.chance(0.5),
  };
}

/** What DynamoDB answers instead of doing it: a transaction is cancelled, for the reason that one of its items gives. */
export function refusal(operation: string, input: unknown, within: boolean): object {
  if (operation !== 'TransactWriteItems' || !within)
    return {
      __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
      message: 'Throughput exceeds the current capacity of your table or index.',
    };
  // as: every transaction has these.
  const { TransactItems } = input as { TransactItems: readonly unknown[] };
  return {
    __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
    CancellationReasons: TransactItems.map((_, i) => (i === 0 ? { Code: 'ThrottlingError' } : { Code: 'None' })),
  };
}
