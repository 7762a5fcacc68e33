// How much of the log stays: what watchers, lists in pages and restarts may still ask for, and no more.

import type { Store, TypeName } from './store.ts';

export interface CompactionPolicy {
  /** Entries younger than this stay. Default 10 minutes, longer than a client needs to resume or to page through a list. */
  readonly keepMs: number;
  /** At least this many of the newest entries of a type stay, however old. Default 1,000. */
  readonly keepEntries: number;
  /** At most this many stay, however young, so that a storm of writes cannot fill the device. Default 100,000. */
  readonly maximumEntries: number;
}

const defaultPolicy: CompactionPolicy = { keepMs: 10 * 60_000, keepEntries: 1000, maximumEntries: 100_000 };

/** What a type's head was at a time, in milliseconds. */
export interface HeadMark {
  readonly atMs: number;
  readonly head: number;
}

/** The revision to compact up to. `marks` are earlier observations of the head, oldest first, the newest one last. */
export function compactionTarget(marks: readonly HeadMark[], nowMs: number, policy: CompactionPolicy): number {
  const head = marks.at(-1)?.head ?? 0;
  // Everything that was in the log at this mark is at least `keepMs` old.
  const old = marks.findLast((mark) => mark.atMs <= nowMs - policy.keepMs)?.head ?? 0;
  const byAge = Math.min(old, head - policy.keepEntries);
  return Math.max(0, byAge, head - policy.maximumEntries);
}

export interface CompactionOptions {
  readonly policy?: Partial<CompactionPolicy>;
  /** Default 60,000 ms. */
  readonly everyMs?: number;
  /** Milliseconds from any fixed point; default the monotonic clock. */
  readonly now?: () => number;
  readonly onError?: (error: unknown) => void;
}

export interface Compaction {
  /** One pass over all types. The timer calls it. */
  run(): Promise<void>;
  stop(): void;
}

/** Compacts every type of the store from time to time, until it is stopped. */
export function startCompaction(store: Store, options: CompactionOptions = {}): Compaction {
  const policy = { ...defaultPolicy, ...options.policy };
  const now = options.now ?? (() => performance.now());
  const marks = new Map<TypeName, HeadMark[]>();
  let running: Promise<void> | undefined;

  async function pass(): Promise<void> {
    for (const type of await store.types()) {
      const nowMs = now();
      const known = marks.get(type) ?? [];
      known.push({ atMs: nowMs, head: await store.head(type) });
      // Older than the newest one that is old enough says nothing more.
      const useful = known.findLastIndex((mark) => mark.atMs <= nowMs - policy.keepMs);
      if (useful > 0) known.splice(0, useful);
      marks.set(type, known);
      const target = compactionTarget(known, nowMs, policy);
      if (target > (await store.compacted(type))) await store.compact(type, target);
    }
  }

  const run = () => {
    running ??= pass().finally(() => {
      running = undefined;
    });
    return running;
  };
  // A pass that fails is made good by the next one.
  const timer = setInterval(() => void run().catch(options.onError ?? (() => {})), options.everyMs ?? 60_000);
  timer.unref();
  return { run, stop: () => clearInterval(timer) };
}
