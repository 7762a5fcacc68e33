// One invocation of a worker: catch up, work until nothing is left to do or the time is nearly over, leave a delayed wake-up for what is due later.

import { setTimeout as delay } from 'node:timers/promises';
import type { WakeupTimers } from './wakeup-timers.ts';
import type { Wakeups } from './wakeups.ts';
import { latenessMs, type Waking } from './waking.ts';
import type { Wakeup, Worker } from './workers.ts';

/** late: its time is nearly over, and there is more to do. */
export type Ended = 'quiet' | 'late';

export interface WorkerLoop {
  readonly worker: Worker;
  /** What it is to be woken with again. */
  readonly wakeup: Wakeup;
  /** Resolves when what was committed before the call is dealt with. */
  idle(): Promise<void>;
  readonly wakeups: Wakeups;
  readonly timers: WakeupTimers;
  readonly waking: Pick<Waking, 'wakeAt'>;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** Kept back from the invocation's time, to say what is left and to return. */
const reserveMs = 5_000;
/** What is due later is left to the schedule, which wakes everybody sooner. */
export const longestDelayMs = 900_000;
/** What is due sooner is waited for: a call would take as long. */
const worthWaitingMs = 300;

/** When the delayed wake-up that this process last sent arrives: one ahead of time is enough. */
export interface DelayedWakeup {
  at: number | undefined;
}

/** `remainingMs`: what is left of the invocation. Rejects when the work itself fails. */
export async function workUntilQuiet(
  loop: WorkerLoop,
  delayed: DelayedWakeup,
  remainingMs: () => number,
): Promise<Ended> {
  const { wakeups, timers, clock } = loop;
  const deadline = clock() + Math.max(0, remainingMs() - reserveMs);
  const stop = new AbortController();
  const outOfTime = delay(Math.max(0, deadline - clock()), 'late' as const, { signal: stop.signal }).catch(
    () => 'late' as const,
  );
  try {
    for (;;) {
      const ended = await Promise.race([loop.idle().then(() => 'quiet' as const), outOfTime]);
      if (ended === 'late') return ended;
      const due = timers.nextDue();
      if (due === undefined || due - clock() > worthWaitingMs || due > deadline) break;
      await Promise.race([delay(Math.max(1, due - clock() + 1)), outOfTime]);
    }
    await leaveDelayedWakeup(loop, delayed);
    return 'quiet';
  } finally {
    stop.abort();
    await wakeups.flush();
  }
}

async function leaveDelayedWakeup(loop: WorkerLoop, delayed: DelayedWakeup): Promise<void> {
  const { worker, wakeup, timers, waking, clock } = loop;
  const due = timers.nextDue();
  const now = clock();
  if (due === undefined || due - now > longestDelayMs) return;
  // One serves several timers, where those are due soon after another.
  if (delayed.at !== undefined && delayed.at > now && delayed.at <= due + latenessMs) return;
  await waking.wakeAt(worker, wakeup, due);
  delayed.at = due;
}
