// Ages as kubectl writes them: two units at most, fewer as time passes.

const second = 1;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** `5m`, `3h12m`, `47d` for a length of time in milliseconds. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return two(seconds, minute, 'm', second, 's');
  if (seconds < 3 * hour) return one(seconds, minute, 'm');
  if (seconds < 8 * hour) return two(seconds, hour, 'h', minute, 'm');
  if (seconds < 2 * day) return one(seconds, hour, 'h');
  if (seconds < 8 * day) return two(seconds, day, 'd', hour, 'h');
  if (seconds < 2 * year) return one(seconds, day, 'd');
  if (seconds < 8 * year) return two(seconds, year, 'y', day, 'd');
  return one(seconds, year, 'y');
}

/** The time since `timestamp` (RFC 3339); `<unknown>` without one. */
export function ageOf(timestamp: string | undefined, now: Date): string {
  const since = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(since) ? '<unknown>' : humanDuration(now.getTime() - since);
}

function one(seconds: number, unit: number, name: string): string {
  return `${Math.trunc(seconds / unit)}${name}`;
}

function two(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.trunc((seconds % large) / small);
  return rest === 0 ? one(seconds, large, largeName) : `${one(seconds, large, largeName)}${rest}${smallName}`;
}
