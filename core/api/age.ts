// Ages, as printer columns tell them.

import { humanDuration, parseTime } from '../machinery/time.ts';

/** The time since `timestamp` (RFC 3339); `<unknown>` without one. */
export function ageOf(timestamp: string | null | undefined, now: Date): string {
  const since = timestamp === undefined || timestamp === null ? undefined : parseTime(timestamp);
  return since === undefined ? '<unknown>' : humanDuration(now.getTime() - since);
}
