// Wakes what is due. Nothing waits for it: while something is due soon, its note is written once more each time that it is looked at, and the
// table's stream brings that back after its window. What is due later is found by the tick of each minute.

import type { Due, DueWakes, Noted } from '../../core/store/wakes.ts';
import { latenessMs, type SleepRequest, type Waking } from '../../core/work/waking.ts';
import { type Wakeup, type Worker, workers } from '../../core/work/workers.ts';

export interface WakeDueOptions {
  readonly wakes: DueWakes;
  readonly waking: Pick<Waking, 'wake'>;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** When the tick came last, as far as this process knows. */
  readonly ticked: { at: number | undefined };
}

const tickMs = 60_000;
/** By which a tick may come late. */
const tickLateMs = 10_000;
/** What is due in the next moment is not worth another window. */
const momentMs = 250;

/** Rejects when something could not be woken: then it is tried again. */
export async function wakeDue({ wakes, waking, clock, ticked }: WakeDueOptions): Promise<void> {
  const { at = Number.NEGATIVE_INFINITY } = ticked;
  // Where nobody knows, it may be a minute off.
  const nextTick = (at + tickMs > clock() ? at : clock()) + tickMs;
  const one = async (due: Due) => {
    const inMs = due.at - clock();
    if (due.at > nextTick + tickLateMs) return;
    if (inMs > momentMs) return wakes.touch(due);
    if (isWorker(due.worker)) await waking.wake(due.worker, wakeupOf(due));
    await wakes.done(due);
  };
  await all((await wakes.due()).map(one));
}

/** Of the schedule: what is due until the next one, and what was forgotten. */
export async function tick(options: WakeDueOptions): Promise<void> {
  options.ticked.at = options.clock();
  await all([wakeDue(options), wakeForgotten(options)]);
}

/** What was noted, and nobody was called for, or whoever was has died. */
async function wakeForgotten({ wakes, waking }: WakeDueOptions): Promise<void> {
  await all(
    workers.map(async (worker) => {
      const noted: Noted[] = await wakes.noted(worker);
      await all(noted.filter(({ forgotten }) => forgotten).map((each) => waking.wake(worker, wakeupOf(each))));
    }),
  );
}

/** What is due so soon that a window would be too late. */
export async function wakeAfterSleep({ waking, clock, sleep }: WakeDueOptions, event: SleepRequest): Promise<void> {
  const { worker, wakeup, at } = event.sleep;
  await sleep(Math.min(latenessMs, Math.max(0, at - clock())));
  await waking.wake(worker, wakeup);
}

export function asksToSleep(event: unknown): event is SleepRequest {
  return typeof event === 'object' && event !== null && 'sleep' in event;
}

function wakeupOf({ part }: { readonly part: string }): Wakeup {
  return part === '' ? {} : { cluster: part };
}

function isWorker(name: string): name is Worker {
  return workers.some((worker) => worker === name);
}

/** All are tried, whatever becomes of one. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failed = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (failed.length > 0) throw new AggregateError(failed, 'workers could not be woken');
}
