// Timers that say when the next one is due: a function that returns is frozen, so somebody must wake it at that time.

import { clearTimeout as clearTimer, setTimeout as setTimer } from 'node:timers';

export interface WakeupTimers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** When the soonest pending timer is due, on the clock given; undefined when none is pending. */
  nextDue(): number | undefined;
}

interface Pending {
  readonly due: number;
  timer?: NodeJS.Timeout;
}

/** `clock`: Unix milliseconds. Timers of `resyncMs` or more are for resyncs, which a schedule does: nobody is woken for them. */
export function createWakeupTimers(clock: () => number, resyncMs = Number.POSITIVE_INFINITY): WakeupTimers {
  const pending = new Set<Pending>();
  const resyncs = new Set<Pending>();
  return {
    setTimeout(callback, ms) {
      const entry: Pending = { due: clock() + ms };
      entry.timer = setTimer(() => {
        pending.delete(entry);
        resyncs.delete(entry);
        callback();
      }, ms);
      if (ms < resyncMs) pending.add(entry);
      else resyncs.add(entry);
      return entry;
    },
    clearTimeout(handle) {
      // as: handles are what setTimeout above gave out; anything else is no timer of ours.
      const entry = handle as Pending | undefined;
      if (!entry || !(pending.delete(entry) || resyncs.delete(entry))) return;
      clearTimer(entry.timer);
    },
    nextDue() {
      let soonest: number | undefined;
      for (const { due } of pending) if (soonest === undefined || due < soonest) soonest = due;
      return soonest;
    },
  };
}
