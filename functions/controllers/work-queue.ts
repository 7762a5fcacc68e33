// A keyed queue: a key waits at most once, is never worked on twice at a time, and comes again when it was added meanwhile.

import type { QueueMeter } from './queue-metrics.ts';

export interface WorkQueue {
  /** Due now. */
  add(key: string): void;
  /** Due after a pause; the soonest of several counts. */
  addAfter(key: string, ms: number): void;
  /** Takes the next key that is due; it is being worked on until `done`. */
  take(): string | undefined;
  done(key: string): void;
  /** Keys that are due or being worked on. Those that wait for a time are not counted. */
  readonly busy: number;
  readonly waiting: number;
  close(): void;
}

export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** The longest pause that a timer takes; what is due later is looked at again then. */
const longestPause = 2 ** 31 - 1;

export function createWorkQueue(
  clock: () => number,
  timers: Timers,
  onReady: () => void,
  meter?: QueueMeter,
): WorkQueue {
  const due = new Set<string>();
  const running = new Set<string>();
  const again = new Set<string>();
  const delayed = new Map<string, { at: number; handle: unknown }>();
  let closed = false;

  function add(key: string): void {
    if (closed || again.has(key) || due.has(key)) return;
    meter?.added(key);
    if (running.has(key)) again.add(key);
    else ready(key);
  }

  function ready(key: string): void {
    if (closed) return;
    due.add(key);
    onReady();
  }

  return {
    add,
    addAfter(key, ms) {
      if (closed) return;
      meter?.retried();
      const at = clock() + ms;
      const before = delayed.get(key);
      if (before && before.at <= at) return;
      if (before) timers.clearTimeout(before.handle);
      const fire = () => {
        delayed.delete(key);
        add(key);
      };
      delayed.set(key, { at, handle: timers.setTimeout(fire, Math.min(Math.max(0, Math.ceil(ms)), longestPause)) });
    },
    take() {
      for (const key of due) {
        due.delete(key);
        running.add(key);
        meter?.taken(key);
        return key;
      }
      return undefined;
    },
    done(key) {
      running.delete(key);
      meter?.done(key);
      if (again.delete(key)) ready(key);
    },
    get busy() {
      return due.size + running.size;
    },
    get waiting() {
      return delayed.size;
    },
    close() {
      closed = true;
      due.clear();
      again.clear();
      for (const { handle } of delayed.values()) timers.clearTimeout(handle);
      delayed.clear();
    },
  };
}
