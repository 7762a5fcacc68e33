// Delays between attempts: doubled up to a limit, with jitter, so that many nodes do not come back at the same moment.

export interface Backoff {
  /** Milliseconds until the next attempt. */
  next(): number;
  reset(): void;
}

export function createBackoff(firstMs: number, maxMs: number, random: () => number): Backoff {
  let attempt = 0;
  return {
    next: () => {
      const limit = Math.min(maxMs, firstMs * 2 ** attempt);
      attempt = Math.min(attempt + 1, 30);
      return limit / 2 + (random() * limit) / 2;
    },
    reset: () => {
      attempt = 0;
    },
  };
}
