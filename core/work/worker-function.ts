// A worker (controllers, scheduler, node notifier) as a function on its queue: each invocation catches up and works until it is quiet.

import type { Log } from '../process/log.ts';
import type { Queue } from '../queue/queue.ts';
import { notifyOwnCommits } from '../store/own-commits.ts';
import type { Store } from '../store/store.ts';
import { asksForHousekeeping, type BatchResult, type InvocationContext, type QueueEvent } from './invocation.ts';
import { type DelayingQueue, workUntilQuiet } from './until-quiet.ts';
import { createWakeupTimers, type WakeupTimers } from './wakeup-timers.ts';
import { createWakeups } from './wakeups.ts';
import type { Worker } from './work-queues.ts';

export interface WorkerFunction {
  /** Timers of the work: what is due after the invocation is left to a delayed wake-up. */
  readonly timers: WakeupTimers;
  /** The store; what is committed through it wakes the other workers. */
  wakingOthers(store: Store): Store;
  /** `idle` resolves when what was committed before the call is dealt with. */
  answer(
    idle: () => Promise<void>,
    more?: MoreWork,
  ): (event: unknown, context: InvocationContext) => Promise<BatchResult>;
}

export interface MoreWork {
  /** Before, where the schedule asks. */
  readonly housekeeping?: () => Promise<void>;
  /** When the process may stand still from now on. */
  readonly afterwards?: () => Promise<void>;
}

export interface WorkerFunctionOptions {
  readonly worker: Worker;
  readonly queue: Queue & DelayingQueue;
  readonly log: Log;
  /** Timers from here on are the work's own resync: the schedule sees to that. */
  readonly resyncMs?: number;
}

export function createWorkerFunction({ worker, queue, log, resyncMs }: WorkerFunctionOptions): WorkerFunction {
  const timers = createWakeupTimers(Date.now, resyncMs);
  const wakeups = createWakeups({
    queue,
    self: worker,
    onError: (err, other) => log.warn({ err, worker: other }, 'a worker could not be woken; the stream will'),
  });
  const delayed = { at: undefined };
  return {
    timers,
    wakingOthers: (store) => notifyOwnCommits(store, wakeups.committed),
    answer:
      (idle, { housekeeping, afterwards } = {}) =>
      async (event, context) => {
        try {
          // as: only the queue invokes these functions.
          if (housekeeping && asksForHousekeeping(event as QueueEvent)) await housekeeping();
          const loop = { worker, idle, wakeups, timers, queue, clock: Date.now };
          await workUntilQuiet(loop, delayed, () => context.getRemainingTimeInMillis());
          return { batchItemFailures: [] };
        } finally {
          await afterwards?.();
        }
      },
  };
}
