// What Lambda hands to a worker, and what stands around its work.
// The middleware are plain values, so that only the entry points know middy.

import { StatusError } from '../machinery/status.ts';
import { fieldAt } from '../machinery/structure/field-at.ts';
import type { Log } from '../process/log.ts';
import { StoreError } from '../store/store.ts';
import type { Meter } from './meter.ts';
import type { Wakeup } from './workers.ts';

/** What is read of Lambda's context object. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

interface Exchange {
  readonly event: unknown;
  readonly context: unknown;
}

/** Failures of work: Lambda calls again, since a wake-up in vain costs one look. */
function sayFailure(log: Log) {
  return {
    onError: ({ error }: { readonly error: unknown }): void =>
      log.error({ err: error }, 'work failed; it is called again'),
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

/** What stands before the handler of a worker, from the outside in. */
export function workerMiddleware(meter: Meter, log: Log) {
  return [meterInvocations(meter), logInvocation(log, Date.now), sayFailure(log)];
}

/** What is no wake-up of ours, such as one that a person sent, is a wake-up like any other. */
export function readWakeup(event: unknown): Wakeup {
  const cluster = fieldAt(event, ['cluster']);
  return {
    ...(typeof cluster === 'string' && { cluster }),
    ...(fieldAt(event, ['resync']) === true && { resync: true }),
    ...(fieldAt(event, ['housekeeping']) === true && { housekeeping: true }),
  };
}
