// Tells the workers of commits: at most one wake-up of each is under way at a time, and what is committed meanwhile shares the next.

import type { TypeName } from '../store/store.ts';
import type { Waking } from './waking.ts';
import { concerns, type Worker, workers } from './workers.ts';

export interface WakeupOptions {
  readonly waking: Pick<Waking, 'wake'>;
  /** The worker that commits here: it looks again by itself, so nobody wakes it. */
  readonly self?: Worker;
  /** The uid of the hosted cluster that commits: one worker runs all that such a cluster has of controllers. */
  readonly cluster?: string;
  /** A wake-up that fails is made good by the table's stream and by the schedule. */
  readonly onError: (error: unknown, worker: Worker) => void;
}

export interface Wakeups {
  /** A commit wrote this type. */
  committed(type: TypeName): void;
  /** Resolves when everything that was committed before the call has been told. A function must wait for it: it is frozen after its answer. */
  flush(): Promise<void>;
}

export function createWakeups({ waking, self, cluster, onError }: WakeupOptions): Wakeups {
  const woken: readonly Worker[] = cluster === undefined ? workers.filter((worker) => worker !== self) : ['hosting'];
  const lines = woken.map((worker) => ({
    worker,
    /** Whose changes count: what wakes a hosted cluster's controllers is what would wake its host's. */
    as: cluster === undefined ? worker : ('controllers' as const),
    more: false,
    sending: undefined as Promise<void> | undefined,
  }));
  type Line = (typeof lines)[number];

  const send = async (line: Line) => {
    // After the commits of this turn.
    await Promise.resolve();
    while (line.more) {
      line.more = false;
      try {
        await waking.wake(line.worker, cluster === undefined ? {} : { cluster });
      } catch (error) {
        onError(error, line.worker);
      }
    }
    line.sending = undefined;
  };

  return {
    committed(type) {
      for (const line of lines) {
        if (!concerns(line.as, type)) continue;
        line.more = true;
        line.sending ??= send(line);
      }
    },
    async flush() {
      await Promise.all(lines.map((line) => line.sending));
    },
  };
}
