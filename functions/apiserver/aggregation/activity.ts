// Whether work is going on by itself: a process that may stand still waits until there is none. What pauses is not at work.

import type { Timers } from './options.ts';

export interface Activity {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Within `run`: it goes on after so many milliseconds. */
  pause(ms: number, timers: Timers): Promise<void>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export function createActivity(): Activity {
  let running = 0;
  const waiting: (() => void)[] = [];
  const leave = () => {
    running -= 1;
    if (running === 0) for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    async run(work) {
      running += 1;
      try {
        return await work();
      } finally {
        leave();
      }
    },
    async pause(ms, timers) {
      leave();
      await new Promise<void>((resolve) => timers.setTimeout(resolve, ms));
      running += 1;
    },
    async idle() {
      if (running > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
