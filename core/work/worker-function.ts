// A worker (controllers, scheduler, node notifier) as a function: each invocation catches up and works until it is quiet.

import type { Log } from '../process/log.ts';
import { notifyOwnCommits } from '../store/own-commits.ts';
import type { Store } from '../store/store.ts';
import type { Wakes } from '../store/wakes.ts';
import { inTurn } from './in-turn.ts';
import { type InvocationContext, readWakeup } from './invocation.ts';
import { workUntilQuiet } from './until-quiet.ts';
import { createWakeupTimers, type WakeupTimers } from './wakeup-timers.ts';
import { createWakeups } from './wakeups.ts';
import type { Waking } from './waking.ts';
import type { Worker } from './workers.ts';

export interface WorkerFunction {
  /** Timers of the work: what is due after the invocation is left to a delayed wake-up. */
  readonly timers: WakeupTimers;
  /** The store; what is committed through it wakes the other workers. */
  wakingOthers(store: Store): Store;
  /** `idle` resolves when what was committed before the call is dealt with. */
  answer(idle: () => Promise<void>, more?: MoreWork): (event: unknown, context: InvocationContext) => Promise<void>;
}

export interface MoreWork {
  /** Before, where the schedule asks. */
  readonly housekeeping?: () => Promise<void>;
  /** When the process may stand still from now on. */
  readonly afterwards?: () => Promise<void>;
}

export interface WorkerFunctionOptions {
  readonly worker: Worker;
  readonly wakes: Wakes;
  readonly waking: Waking;
  readonly log: Log;
  /** Timers from here on are the work's own resync: the schedule sees to that. */
  readonly resyncMs?: number;
}

export function createWorkerFunction({ worker, wakes, waking, log, resyncMs }: WorkerFunctionOptions): WorkerFunction {
  const timers = createWakeupTimers(Date.now, resyncMs);
  const wakeups = createWakeups({
    waking,
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
          const asked = readWakeup(event);
          if (housekeeping && asked.housekeeping) await housekeeping();
          const loop = { worker, wakeup: {}, idle, wakeups, timers, waking, clock: Date.now };
          const onError = (err: unknown) => log.warn({ err }, 'a worker could not say that it goes on');
          const work = () => workUntilQuiet(loop, delayed, () => context.getRemainingTimeInMillis());
          if (!asked.resync) await inTurn({ worker, wakeup: {}, wakes, waking, onError }, work);
          else if ((await work()) === 'late') await waking.goOn(worker, {});
        } finally {
          await afterwards?.();
        }
      },
  };
}
