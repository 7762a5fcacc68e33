// Watches in a process that hears of no commits: while one is open, its type's log is looked at, often while things change.

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
}

/** The registry, with watches that follow the log by themselves. */
export function pollWatches(registry: Registry, options: PollOptions): Registry {
  const open = new Map<TypeName, number>();
  return {
    ...registry,
    async watch(context, target, watchOptions) {
      const outcome = await registry.watch(context, target, watchOptions);
      const { type } = target.definition;
      const { watch } = outcome;
      const close = watch.close.bind(watch);
      let closed = false;
      // The object itself is kept: its other properties are live.
      watch.close = () => {
        if (!closed) open.set(type, (open.get(type) ?? 1) - 1);
        closed = true;
        close();
      };
      const others = open.get(type) ?? 0;
      open.set(type, others + 1);
      if (others === 0) void poll(type, open, options);
      return outcome;
    },
  };
}

async function poll(type: TypeName, open: ReadonlyMap<TypeName, number>, options: PollOptions): Promise<void> {
  const { replicas, quickMs, slowMs, onError, onLag } = options;
  let pauseMs = quickMs;
  let lookedAt = performance.now();
  while ((open.get(type) ?? 0) > 0) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
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
}
