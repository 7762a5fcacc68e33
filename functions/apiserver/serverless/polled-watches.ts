// Watches in a process that hears of no commits: while one is open, its type's log is looked at, often while things change.

import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { TypeName } from '../../../core/store/store.ts';

export interface PollOptions {
  readonly replicas: Replicas;
  /** Between two looks right after a change, in milliseconds. */
  readonly quickMs: number;
  /** Between two looks when nothing changed for a while. */
  readonly slowMs: number;
  readonly onError: (error: unknown) => void;
  /** Changes were found that are so old at most, in milliseconds: so long ago began the look that had not found them yet. */
  readonly onLag?: (ms: number) => void;
  /** Resolves after so many milliseconds. Default: a timer. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Of one type. */
interface Watched {
  open: number;
  /** Also while it pauses after the last watch was closed: a new one is then followed by the same loop. */
  polled: boolean;
}

/** The registry, with watches that follow the log by themselves. */
export function pollWatches(registry: Registry, options: PollOptions): Registry {
  const types = new Map<TypeName, Watched>();
  return {
    ...registry,
    async watch(context, target, watchOptions) {
      const outcome = await registry.watch(context, target, watchOptions);
      // It tells what there is now, and ends.
      if (watchOptions.upToDate) return outcome;
      const { type } = target.definition;
      const { watch } = outcome;
      const close = watch.close.bind(watch);
      const watched = types.get(type) ?? { open: 0, polled: false };
      types.set(type, watched);
      let closed = false;
      // The object itself is kept: its other properties are live.
      watch.close = () => {
        if (!closed) watched.open--;
        closed = true;
        close();
      };
      watched.open++;
      if (!watched.polled) void poll(type, watched, options);
      return outcome;
    },
  };
}

async function poll(type: TypeName, watched: Watched, options: PollOptions): Promise<void> {
  const { replicas, quickMs, slowMs, onError, onLag, pause = delay } = options;
  let pauseMs = quickMs;
  let lookedAt = performance.now();
  watched.polled = true;
  while (watched.open > 0) {
    await pause(pauseMs);
    const replica = replicas.peek(type);
    if (!replica) continue;
    const before = replica.revision;
    const lookingAt = performance.now();
    try {
      await replica.catchUp();
      const found = replica.revision > before;
      if (found) onLag?.(performance.now() - lookedAt);
      lookedAt = lookingAt;
      pauseMs = found ? quickMs : Math.min(slowMs, pauseMs * 1.3);
    } catch (error) {
      onError(error);
      pauseMs = slowMs;
    }
  }
  watched.polled = false;
}
