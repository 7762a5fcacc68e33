// Real time that a test may set forward: what is due by then happens at once, so that nobody waits a minute for a CronJob.

export interface MovableClock {
  /** Unix milliseconds. */
  now(): number;
  /** Lets so much time go by at once. */
  advance(ms: number): void;
  readonly timers: { setTimeout(callback: () => void, ms: number): unknown; clearTimeout(handle: unknown): void };
}

export function createMovableClock(): MovableClock {
  let ahead = 0;
  const pending = new Set<{ readonly due: number; readonly fire: () => void; timer: NodeJS.Timeout }>();
  const now = () => Date.now() + ahead;
  return {
    now,
    advance(ms) {
      ahead += ms;
      for (const each of [...pending].sort((a, b) => a.due - b.due)) if (each.due <= now()) each.fire();
    },
    timers: {
      setTimeout(callback, ms) {
        const fire = () => {
          clearTimeout(entry.timer);
          if (pending.delete(entry)) callback();
        };
        const entry = { due: now() + ms, fire, timer: setTimeout(fire, ms) };
        pending.add(entry);
        return entry;
      },
      clearTimeout(handle) {
        for (const each of pending) {
          if (each !== handle) continue;
          clearTimeout(each.timer);
          pending.delete(each);
        }
      },
    },
  };
}
