// What of a pod waits before it is tried again, by its step, and what its status says of containers meanwhile. Every step that fails is
// held up here: none is tried again at once.

import { type Pause, pauseMs } from '../backoff.ts';
import type { Waiting } from './container-status.ts';

/** What it failed by. */
export type BackoffCause =
  | 'network'
  | 'runtime'
  | 'sandbox'
  | 'volume'
  | 'config'
  | 'container'
  | 'image'
  | 'resize'
  | 'end';

/** As kubelet comes back to a pod that it could not bring about. */
const later: Pause = { firstMs: 10_000, maxMs: 300_000, jitter: 0.5 };

const pauses: Readonly<Record<BackoffCause, Pause>> = {
  network: later,
  runtime: later,
  sandbox: later,
  volume: later,
  config: later,
  container: later,
  resize: later,
  // Pulls ask a registry that others use too.
  image: { ...later, jitter: 0 },
  // Ends free what others wait for: they are tried again sooner than starts.
  end: { firstMs: 1000, maxMs: 15_000, jitter: 0 },
};

/** What may put right what something waits for. */
export type Change = 'objects' | 'network' | 'runtime' | 'pod';

const helpedBy: Readonly<Record<Change, ReadonlySet<BackoffCause>>> = {
  objects: new Set(['volume', 'config']),
  network: new Set(['network']),
  runtime: new Set(['runtime']),
  // All but images, whose registries know nothing of the pod, and ends, which go on whatever it is to be.
  pod: new Set(['network', 'runtime', 'sandbox', 'volume', 'config', 'container', 'resize']),
};

interface Hold {
  /** Unix milliseconds. */
  readonly until: number;
  readonly failures: number;
  readonly cause: BackoffCause;
}

export class StepBackoff {
  readonly #held = new Map<string, Hold>();
  readonly #random: () => number;
  /** Why a container does not run, by its name. */
  readonly waiting = new Map<string, Waiting>();

  /** `random`: from 0 to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Holds up a step for twice as long as the last time, if it failed by the same. Gives the milliseconds. */
  hold(step: string, cause: BackoffCause, now: number): number {
    const last = this.#held.get(step);
    const failures = last?.cause === cause ? last.failures + 1 : 1;
    const pause = pauseMs(pauses[cause], failures, this.#random());
    this.#held.set(step, { until: now + pause, failures, cause });
    return pause;
  }

  until(step: string): number {
    return this.#held.get(step)?.until ?? 0;
  }

  /** When the first of all may be tried again, after `now`. */
  next(now: number): number | undefined {
    const times = [...this.#held.values()].map(({ until }) => until).filter((until) => until > now);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** It went well. */
  release(step: string): void {
    this.#held.delete(step);
  }

  /** What something may have waited for changed: it is tried now. If it fails again, the pause grows on; a pod that changed begins anew. */
  changed(what: Change): void {
    for (const [step, hold] of this.#held) {
      if (!helpedBy[what].has(hold.cause)) continue;
      if (what === 'pod') this.#held.delete(step);
      else this.#held.set(step, { ...hold, until: 0 });
    }
  }
}
