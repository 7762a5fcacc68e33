// What Lambda hands to a function that works on queues, and how such a function answers: which messages are to come again.
// The middleware are plain values, so that only the entry points know middy.

import { parseJson } from '../machinery/json.ts';
import { StatusError } from '../machinery/status.ts';
import type { Log } from '../process/log.ts';
import { StoreError } from '../store/store.ts';
import type { Meter } from './meter.ts';

/** What is read of Lambda's context object. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** What is read of an event of an SQS event source. */
export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** ReportBatchItemFailures: messages that are named here come again; all others are deleted. */
export interface BatchResult {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

interface Exchange {
  readonly event: unknown;
  readonly context: unknown;
  response: unknown;
  readonly error: unknown;
}

/** Failures of work: everything comes again, since a wake-up in vain costs one look. */
function retryBatch(log: Log) {
  return {
    onError: (request: Exchange): void => {
      // as: this middleware stands before handlers of queue events only.
      const { Records } = request.event as QueueEvent;
      log.error({ err: request.error, messages: Records.length }, 'work failed; its messages come again');
      const failures = Records.map(({ messageId }) => ({ itemIdentifier: messageId }));
      request.response = { batchItemFailures: failures } satisfies BatchResult;
    },
  };
}

/** One line an invocation, under the id that Lambda's own lines have. */
export function logInvocation(log: Log, clock: () => number) {
  const began = new WeakMap<object, number>();
  return {
    before: (request: Exchange): void => {
      began.set(request, clock());
    },
    after: (request: Exchange): void => {
      if (!log.isLevelEnabled('debug')) return;
      // as: every invocation of Lambda has this context.
      const { awsRequestId } = request.context as InvocationContext;
      log.debug({ awsRequestId, ms: clock() - (began.get(request) ?? clock()) }, 'invocation');
    },
  };
}

/**
 * Counts invocations. Stands before the others, so that it ends last. `streams`: the answer goes on after the handler returned, and
 * whoever sends it calls `end`.
 */
export function meterInvocations(meter: Meter, { streams = false } = {}) {
  return {
    before: (): void => meter.begin(),
    ...(!streams && { after: (): void => meter.end() }),
    onError: ({ error }: { readonly error: unknown }): void => {
      meter.failed(kindOf(error));
      meter.end();
    },
  };
}

/** One of few words. */
function kindOf(error: unknown): string {
  if (error instanceof StatusError) return error.reason;
  if (error instanceof StoreError) return error.failure.code;
  return error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'unknown';
}

/** What stands before the handler of a function that works on a queue, from the outside in. */
export function queueMiddleware(meter: Meter, log: Log) {
  return [meterInvocations(meter), logInvocation(log, Date.now), retryBatch(log)];
}

/** Whether one of the messages came from the schedule. */
export function asksForHousekeeping({ Records }: QueueEvent): boolean {
  return Records.some(({ body }) => {
    try {
      const message: unknown = parseJson(body);
      return (
        typeof message === 'object' && message !== null && 'housekeeping' in message && message.housekeeping === true
      );
    } catch {
      // A message that is no JSON is a wake-up like any other.
      return false;
    }
  });
}
