// What of a pod waits before it is tried again, and what its status says meanwhile. Without a name: the sandbox.

import type { Waiting } from './container-status.ts';

/** What it failed by. */
export type BackoffCause = 'sandbox' | 'volume' | 'config' | 'container' | 'image';

interface Pause {
  readonly firstMs: number;
  readonly maxMs: number;
  /** So many times the pause are added by chance, so that what failed together is not tried again together. */
  readonly jitter: number;
}

const soon: Pause = { firstMs: 500, maxMs: 60_000, jitter: 0 };
/** As kubelet comes back to a pod that it could not bring about. */
const later: Pause = { firstMs: 10_000, maxMs: 300_000, jitter: 0.5 };

const pauses: Readonly<Record<BackoffCause, Pause>> = {
  sandbox: soon,
  volume: soon,
  config: later,
  container: later,
  // Pulls ask a registry that others use too.
  image: { ...later, jitter: 0 },
};

/** Those that a change of an object may put right. */
const byObjects: ReadonlySet<BackoffCause> = new Set(['volume', 'config']);

interface Hold {
  readonly until: number;
  readonly delay: number;
  readonly cause: BackoffCause;
}

export class StartBackoff {
  readonly #held = new Map<string, Hold>();
  readonly #random: () => number;
  /** Why a container does not run, by its name. */
  readonly waiting = new Map<string, Waiting>();

  /** `random`: from 0 to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Holds up `name` for twice as long as the last time, if it failed by the same. */
  hold(name: string, cause: BackoffCause, now: number): void {
    const { firstMs, maxMs, jitter } = pauses[cause];
    const last = this.#held.get(name);
    const delay = last?.cause === cause ? Math.min(last.delay * 2, maxMs) : firstMs;
    this.#held.set(name, { until: now + delay * (1 + jitter * this.#random()), delay, cause });
  }

  until(name: string): number {
    return this.#held.get(name)?.until ?? 0;
  }

  all(): Map<string, number> {
    return new Map([...this.#held].map(([name, { until }]) => [name, until]));
  }

  /** It runs. */
  release(name: string): void {
    this.#held.delete(name);
    this.waiting.delete(name);
  }

  /** Objects changed that something may have waited for: it is tried now. If it fails again, the pause grows on. */
  objectsChanged(): void {
    for (const [name, hold] of this.#held) if (byObjects.has(hold.cause)) this.#held.set(name, { ...hold, until: 0 });
  }

  /** The pod is to be another: all is tried now, but for images, whose registries know nothing of it. */
  podChanged(): void {
    for (const [name, { cause }] of this.#held) if (cause !== 'image') this.#held.delete(name);
  }
}
