// How long the agent waits before it does again what failed: ever longer, and never as long as others that failed with it. Whatever it
// tries again waits by this.

export interface Pause {
  readonly firstMs: number;
  readonly maxMs: number;
  /** So many times the pause are added by chance, so that what failed together is not tried again together. */
  readonly jitter: number;
}

/** After `failures` in a row, the last among them. `random`: from 0 to 1. */
export function pauseMs({ firstMs, maxMs, jitter }: Pause, failures: number, random: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30)) * (1 + jitter * random);
}

/** Of one thing that is done over and over. */
export interface Backoff {
  /** Milliseconds until the next attempt. */
  next(): number;
  /** It went well. */
  reset(): void;
}

/** Between half of the pause and all of it, so that many nodes do not come back at the same moment. */
export function createBackoff(firstMs: number, maxMs: number, random: () => number): Backoff {
  let failures = 0;
  return {
    next: () => {
      failures += 1;
      return pauseMs({ firstMs: firstMs / 2, maxMs: maxMs / 2, jitter: 1 }, failures, random());
    },
    reset: () => {
      failures = 0;
    },
  };
}
