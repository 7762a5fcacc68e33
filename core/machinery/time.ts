// Times as the API has them (RFC 3339 strings), durations (`1h30m`), and ages as kubectl prints them.

import type { Int64 } from './object.ts';
import { badRequest } from './status.ts';

const second = 1000;
let formatted = { seconds: Number.NaN, text: '' };

/** metav1.Time: UTC, in seconds. */
export function formatTime(time: Date | number): string {
  const seconds = Math.floor(Number(time) / second);
  // Every write asks for the present second several times.
  if (seconds !== formatted.seconds)
    formatted = { seconds, text: `${new Date(seconds * second).toISOString().slice(0, 19)}Z` };
  return formatted.text;
}

/** metav1.MicroTime: UTC, in microseconds. Takes milliseconds since 1970, which may have a fraction. */
export function formatMicroTime(time: Date | number): string {
  const milliseconds = Number(time);
  const whole = Math.floor(milliseconds);
  const micros = Math.floor((milliseconds - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

/** Milliseconds since 1970 of an RFC 3339 time, or undefined if it is none. Finer parts than milliseconds are cut off. */
export function parseTime(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, date, clock, fraction = '', zone] = match;
  const milliseconds = Date.parse(`${date}T${clock}.${fraction.slice(0, 3).padEnd(3, '0')}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes February 30 for March 1 or 2.
  const day = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date ? undefined : milliseconds;
}

const rfc3339 =
  /^(\d{4}-\d{2}-\d{2})T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Milliseconds of so many seconds, as Go's time.Duration counts them: its nanoseconds have 64 bits and go round, so that no time is further
 * away than 292 years and each is one that a Date can hold.
 */
export function millisecondsOf(seconds: Int64): number {
  if (typeof seconds === 'number' && Math.abs(seconds) < maxDurationSeconds) return seconds * second;
  return Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n);
}

const maxDurationSeconds = 9_223_372_036;

/** Milliseconds of a duration as Go writes it: `1h30m`, `1.5s`, `100ms`, `-2m`. Fails with BadRequest. */
export function parseDuration(text: string): number {
  const milliseconds = readDuration(text);
  if (milliseconds === undefined) {
    throw badRequest(`time: invalid duration ${JSON.stringify(text)}: write it as in 300ms, 1.5h or 2h45m`);
  }
  return milliseconds;
}

/** As `parseDuration`, or undefined if the text is no duration. */
export function readDuration(text: string): number | undefined {
  const [, sign, rest] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (rest === '0') return 0;
  if (!rest || !/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let total = 0;
  for (const [, number, unit] of rest.matchAll(/([\d.]+)([a-zµμ]+)/gy))
    total += Number(number) * unitMilliseconds.get(unit!)!;
  return sign === '-' ? -total : total;
}

const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const unitMilliseconds: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3], // U+00B5
  ['μs', 1e-3], // U+03BC
  ['ms', 1],
  ['s', second],
  ['m', minute],
  ['h', hour],
]);

/** A duration as Go and metav1.Duration write it: `1h30m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const nanos = Math.round(Math.abs(milliseconds) * 1e6);
  if (nanos === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  if (nanos < 1e3) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${nanos / 1e3}µs`;
  if (nanos < 1e9) return `${sign}${nanos / 1e6}ms`;
  const seconds = nanos / 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round((seconds - hours * 3600 - minutes * 60) * 1e9) / 1e9;
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${rest}s`;
}

/** An age with two units where that is worth reading, as kubectl prints it: `5m30s`, `3h`, `2d4h`, `3y20d`. */
export function humanDuration(milliseconds: number): string {
  // Clocks of two machines may differ a little.
  if (milliseconds <= -2 * second) return '<invalid>';
  if (milliseconds < 0) return '0s';
  const seconds = Math.floor(milliseconds / second);
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(milliseconds / minute);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(milliseconds / hour);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  const years = Math.floor(milliseconds / year);
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

/** An age in one unit: `59s`, `59m`, `23h`, `364d`, `2y`. */
export function shortHumanDuration(milliseconds: number): string {
  if (milliseconds <= -2 * second) return '<invalid>';
  if (milliseconds < 0) return '0s';
  if (milliseconds < minute) return `${Math.floor(milliseconds / second)}s`;
  if (milliseconds < hour) return `${Math.floor(milliseconds / minute)}m`;
  if (milliseconds < day) return `${Math.floor(milliseconds / hour)}h`;
  return milliseconds < year ? `${Math.floor(milliseconds / day)}d` : `${Math.floor(milliseconds / year)}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
