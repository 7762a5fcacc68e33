// One invocation of a worker: catch up, work until nothing is left to do or the time is nearly over, leave an alarm for what is due later.

import { setTimeout as delay } from 'node:timers/promises';
import type { AlarmTimers } from './alarm-timers.ts';
import type { Wakeups } from './wakeups.ts';
import { type Worker, type WorkHint, workQueue } from './work-queues.ts';

export interface DelayingQueue {
  /** Delivered no earlier than after `delaySeconds`, 0 to 900. */
  sendLater(name: string, body: string, delaySeconds: number): Promise<void>;
}

export interface WorkerLoop {
  readonly worker: Worker;
  /** Resolves when what was committed before the call is dealt with. */
  idle(): Promise<void>;
  readonly wakeups: Wakeups;
  readonly timers: AlarmTimers;
  readonly queue: DelayingQueue;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** Kept back from the invocation's time, to say what is left and to return. */
const reserveMs = 5_000;
/** SQS delays a message no longer. */
const longestDelaySeconds = 900;
/** What is due sooner is waited for: a message would take as long. */
const worthWaitingMs = 300;

const lookAtEverything = JSON.stringify({ types: [] } satisfies WorkHint);

/** When this process was told to be woken, by worker: one alarm ahead of time is enough. */
export interface Alarm {
  at: number | undefined;
}

/** `remainingMs`: what is left of the invocation. Rejects when the work itself fails: the message then comes again. */
export async function workUntilQuiet(loop: WorkerLoop, alarm: Alarm, remainingMs: () => number): Promise<void> {
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
        await queue.sendLater(workQueue(worker), lookAtEverything, 0);
        return;
      }
      const due = timers.nextDue();
      if (due === undefined || due - clock() > worthWaitingMs || due > deadline) break;
      await Promise.race([delay(Math.max(1, due - clock() + 1)), outOfTime]);
    }
    await setAlarm(loop, alarm);
  } finally {
    stop.abort();
    await wakeups.flush();
  }
}

async function setAlarm({ worker, timers, queue, clock }: WorkerLoop, alarm: Alarm): Promise<void> {
  const due = timers.nextDue();
  const now = clock();
  if (due === undefined) return;
  if (alarm.at !== undefined && alarm.at > now && alarm.at <= due + 10_000) return;
  const seconds = Math.ceil((due - now) / 1000);
  // What is far off is told by the schedule; what is further than a few seconds need not be exact, so that alarms are shared.
  if (seconds > longestDelaySeconds) return;
  const rounded = Math.min(longestDelaySeconds, seconds > 10 ? Math.ceil(seconds / 10) * 10 : Math.max(1, seconds));
  await queue.sendLater(workQueue(worker), lookAtEverything, rounded);
  alarm.at = now + rounded * 1000;
}
