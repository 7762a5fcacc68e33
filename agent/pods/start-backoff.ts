// What of a pod waits before it is tried again, and what its status says meanwhile. Without a name: the sandbox.

import type { Waiting } from './container-status.ts';

const soon = { firstMs: 500, maxMs: 60_000 } as const;
/** Pulls ask a registry that others use too. */
const pulls = { firstMs: 10_000, maxMs: 300_000 } as const;

interface Hold {
  readonly until: number;
  readonly delay: number;
  readonly forImage: boolean;
}

export class StartBackoff {
  readonly #held = new Map<string, Hold>();
  /** Why a container does not run, by its name. */
  readonly waiting = new Map<string, Waiting>();

  /** Holds up `name` for twice as long as the last time. */
  hold(name: string, forImage: boolean, now: number): void {
    const { firstMs, maxMs } = forImage ? pulls : soon;
    const last = this.#held.get(name);
    const delay = last ? Math.min(last.delay * 2, maxMs) : firstMs;
    this.#held.set(name, { until: now + delay, delay, forImage });
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

  /** Objects changed that a container may have waited for; an image is not among them. */
  releaseAllButImages(): void {
    for (const [name, { forImage }] of this.#held) if (!forImage) this.#held.delete(name);
  }
}
