// How often a log is looked at of which nobody tells when it moves: often while it does, ever more seldom while it does not.

export interface Pace {
  /** Between two looks right after a change, in milliseconds. */
  readonly quickMs: number;
  /** When nothing changed for a while. */
  readonly slowMs: number;
  /** When it is told by others what changed: what they forgot is found by then, and whether its reader still may read. */
  readonly checkMs: number;
}

export const usualPace: Pace = { quickMs: 1000, slowMs: 10_000, checkMs: 20 * 60_000 };

/** The pause after a look that came after a pause of `beforeMs` and found something, or nothing. */
export function pauseAfter({ quickMs, slowMs }: Pace, beforeMs: number, found: boolean): number {
  return found ? quickMs : Math.min(slowMs, Math.max(quickMs, beforeMs * 1.5));
}

/** The pause after so many failures in a row: up to half a minute, and not all at the same moment. `random`: from 0 to 1. */
export function pauseAfterFailures(failures: number, random: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(failures, 10)) * (0.5 + random / 2);
}
