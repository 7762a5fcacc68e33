// How much of the log stays: what watchers, lists in pages, restarts and people who ask about the past may still want, and no more.

import { defaultHistoryMs, leastHistoryMs } from './history.ts';
import { isOwnType } from './own-types.ts';
import { type Store, StoreError, type TypeName } from './store.ts';

export interface CompactionPolicy {
  /** Entries younger than this stay. Default: a day. Of what nobody asks the past of, ten minutes stay. */
  readonly keepMs: number;
  /** At least this many of the newest entries of a type stay, however old. Default 1,000. */
  readonly keepEntries: number;
  /** At most this many stay, however young, so that a storm of writes cannot fill the device. Default 100,000. */
  readonly maximumEntries: number;
}

const defaultPolicy: CompactionPolicy = { keepMs: defaultHistoryMs, keepEntries: 1000, maximumEntries: 100_000 };

/** They say themselves when they were, and are written all the time. */
const withoutPast: ReadonlySet<TypeName> = new Set(['events', 'coordination.k8s.io/leases']);

export interface CompactionOptions {
  readonly policy?: Partial<CompactionPolicy>;
  /** Default 60,000 ms. */
  readonly everyMs?: number;
  /** Unix milliseconds, by the clock of the store. */
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
  const now = options.now ?? Date.now;
  let running: Promise<void> | undefined;

  async function pass(): Promise<void> {
    for (const type of await store.types()) {
      const hasPast = !isOwnType(type) && !withoutPast.has(type);
      const keepMs = hasPast ? policy.keepMs : Math.min(policy.keepMs, leastHistoryMs);
      const target = await compactionTarget(store, type, now() - keepMs, policy);
      if (target > 0) await store.compact(type, target);
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

/** The revision to compact up to; 0: nothing. */
async function compactionTarget(
  store: Store,
  type: TypeName,
  oldMs: number,
  { keepEntries, maximumEntries }: CompactionPolicy,
): Promise<number> {
  const { compacted, head } = await store.bounds(type);
  // Most types are small, and nothing more is asked about them.
  if (head <= keepEntries) return 0;
  const overfull = head - maximumEntries;
  const old = head - keepEntries > compacted ? await revisionAt(store, type, oldMs) : 0;
  const target = Math.max(Math.min(old, head - keepEntries), overfull);
  return target > compacted ? target : 0;
}

/** 0 where all that is in the log is younger. */
async function revisionAt(store: Store, type: TypeName, time: number): Promise<number> {
  try {
    return await store.revisionAt(type, time);
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted') return 0;
    throw error;
  }
}
