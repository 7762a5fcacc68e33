// One invocation of a worker: catch up, work until nothing is left to do or the time is nearly over, leave a delayed wake-up for what is due later.

import { setTimeout as delay } from 'node:timers/promises';
import type { WakeupTimers } from './wakeup-timers.ts';
import type { Wakeups } from './wakeups.ts';
import { type WakeupMessage, type Worker, workQueue } from './work-queues.ts';

export interface DelayingQueue {
  /** Delivered no earlier than after `delaySeconds`, 0 to 900. */
  sendLater(name: string, body: string, delaySeconds: number): Promise<void>;
}

export interface WorkerLoop {
  readonly worker: Worker;
  /** The uid of the hosted cluster that it works for, if it is one. */
  readonly cluster?: string;
  /** Resolves when what was committed before the call is dealt with. */
  idle(): Promise<void>;
  readonly wakeups: Wakeups;
  readonly timers: WakeupTimers;
  readonly queue: DelayingQueue;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** Kept back from the invocation's time, to say what is left and to return. */
const reserveMs = 5_000;
/** SQS delays a message no longer. */
export const longestDelaySeconds = 900;
/** What is due sooner is waited for: a message would take as long. */
const worthWaitingMs = 300;

function lookAtEverything({ cluster }: Pick<WorkerLoop, 'cluster'>): string {
  return JSON.stringify({ types: [], ...(cluster !== undefined && { cluster }) } satisfies WakeupMessage);
}

/** When the delayed wake-up that this process last sent arrives: one ahead of time is enough. */
export interface DelayedWakeup {
  at: number | undefined;
}

/** `remainingMs`: what is left of the invocation. Rejects when the work itself fails: the message then comes again. */
export async function workUntilQuiet(
  loop: WorkerLoop,
  delayed: DelayedWakeup,
  remainingMs: () => number,
): Promise<void> {
  const { worker, wakeups, timers, queue, clock } = loop;
  const deadline = clock() + Math.max(0, remainingMs() - reserveMs);
  const stop = new AbortController();
  const outOfTime = delay(Math.max(0, deadline - clock()), 'late' as const, { signal: stop.signal }).catch(
    () => 'late' as const,
  );
  try {
    for (;;) {
      const ended = await Promise.race([loop.idle().then(() => 'quiet' as const), outOfTime]);
      if (ended === 'late') {
        await queue.sendLater(workQueue(worker), lookAtEverything(loop), 0);
        return;
      }
      const due = timers.nextDue();
      if (due === undefined || due - clock() > worthWaitingMs || due > deadline) break;
      await Promise.race([delay(Math.max(1, due - clock() + 1)), outOfTime]);
    }
    await sendDelayedWakeup(loop, delayed);
  } finally {
    stop.abort();
    await wakeups.flush();
  }
}

async function sendDelayedWakeup(loop: WorkerLoop, delayed: DelayedWakeup): Promise<void> {
  const { worker, timers, queue, clock } = loop;
  const due = timers.nextDue();
  const now = clock();
  if (due === undefined) return;
  if (delayed.at !== undefined && delayed.at > now && delayed.at <= due + 10_000) return;
  const seconds = Math.ceil((due - now) / 1000);
  // The schedule wakes for what is far off. Beyond a few seconds the time is rounded up, so that one wake-up serves several timers.
  if (seconds > longestDelaySeconds) return;
  const rounded = Math.min(longestDelaySeconds, seconds > 10 ? Math.ceil(seconds / 10) * 10 : Math.max(1, seconds));
  await queue.sendLater(workQueue(worker), lookAtEverything(loop), rounded);
  delayed.at = now + rounded * 1000;
}
