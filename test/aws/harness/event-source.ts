// Lambda's event source of a queue: receives batches, invokes the function, deletes what was not named as failed.
// Source: Lambda developer guide, "Using Lambda with Amazon SQS"; partial batch responses.

import { setTimeout as delay } from 'node:timers/promises';
import { QueueError } from '../../../core/queue/queue.ts';
import type { SqsQueue } from '../../../core/queue/sqs/sqs-queue.ts';
import { InvocationError } from './execution-environment.ts';
import type { LambdaFunction } from './lambda.ts';

export interface EventSource {
  stop(): Promise<void>;
}

/** SQS delivers at least once: what it may do to a batch. */
export interface DeliveryFaults {
  /** The batch goes to two environments at the same time. */
  twice(): boolean;
  /** The batch is not deleted after it was dealt with: it comes again. */
  forgotten(): boolean;
}

/** As many batches at a time as SQS event sources have at least. */
const concurrency = 2;

/** Until a queue that could not be reached is asked again. */
const retryMs = 500;

export function startEventSource(
  queue: SqsQueue,
  name: string,
  target: LambdaFunction,
  faults?: DeliveryFaults,
): EventSource {
  const stopping = new AbortController();
  /** One batch, if there is one. */
  const deliver = async (): Promise<void> => {
    const messages = await queue.receive(name, { waitSeconds: 20, max: 10, signal: stopping.signal });
    if (messages.length === 0) return;
    const Records = messages.map(({ id, body }) => ({ messageId: id, body, eventSource: 'aws:sqs' }));
    // What becomes of the other one is nobody's business: it may have been throttled.
    if (faults?.twice()) target.invoke({ Records }).catch(() => undefined);
    try {
      // as: what a function with ReportBatchItemFailures returns; anything else fails below.
      const result = (await target.invoke({ Records })) as { batchItemFailures: { itemIdentifier: string }[] };
      const failed = new Set(result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const receipts = messages.filter(({ id }) => !failed.has(id)).map(({ receipt }) => receipt);
      if (faults?.forgotten()) return;
      await queue.acknowledge(name, receipts);
    } catch (error) {
      // The messages come again.
      if (!(error instanceof InvocationError)) throw error;
      if (error.code === 'failed' || error.code === 'timeout') console.error(error.message);
    }
  };
  const poll = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await deliver();
      } catch (error) {
        // On a busy machine the queue may not answer in time; Lambda's pollers ask again.
        if (!(error instanceof QueueError) || error.code !== 'unavailable') throw error;
        await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const pollers = Array.from({ length: concurrency }, () => poll());
  return {
    async stop() {
      stopping.abort();
      await Promise.allSettled(pollers);
    },
  };
}
