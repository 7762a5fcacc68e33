// Cron schedules as CronJobs have them: five fields or a macro, in a time zone.
// What is accepted is what Kubernetes' parser (robfig/cron, its standard form) accepts: Sunday is 0 and never 7.

import { badRequest, StatusError } from './status.ts';
import { readDuration } from './time.ts';
import { isTimeZone, timeZoneOffset } from './time-zone.ts';

export interface CronSchedule {
  /**
   * The first time of the schedule after a time, both in milliseconds since 1970; undefined if there is none within five
   * years. A wall-clock time that a change of the clocks skips does not happen; one that it repeats happens twice.
   */
  next(after: number): number | undefined;
}

/**
 * Reads a schedule. `timeZone` is an IANA name, UTC by default; a `TZ=` or `CRON_TZ=` prefix in the text goes before it.
 * Fails with BadRequest, in the parser's words.
 */
export function parseCron(text: string, timeZone = 'UTC'): CronSchedule {
  if (text === '') throw badRequest('empty spec string');
  const prefix = /^(?:CRON_)?TZ=(\S*)\s*/.exec(text);
  const zone = prefix ? prefix[1]! || 'UTC' : timeZone;
  if (!isTimeZone(zone)) throw badRequest(`provided bad location ${zone}: unknown time zone ${zone}`);
  const spec = prefix ? text.slice(prefix[0].length).trim() : text.trim();
  if (spec.startsWith('@')) return parseMacro(spec, zone);
  return parseFields(spec, zone);
}

/** What is wrong with a schedule, in the parser's words, or undefined. */
export function cronError(text: string): string | undefined {
  try {
    parseCron(text);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const macros: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

interface Field {
  readonly values: ReadonlySet<number>;
  /** Whether it says `*` (or `?`): it then does not make a day match by itself. */
  readonly any: boolean;
}

const minute = 60_000;
const day = 24 * 60 * minute;

function parseMacro(text: string, zone: string): CronSchedule {
  const fields = macros.get(text);
  if (fields) return parseFields(fields, zone);
  const every = '@every ';
  if (!text.startsWith(every)) throw badRequest(`unrecognized descriptor: ${text}`);
  const duration = readDuration(text.slice(every.length));
  if (duration === undefined) {
    const rest = text.slice(every.length);
    throw badRequest(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(rest)}`);
  }
  const delay = Math.max(1, Math.floor(duration / 1000)) * 1000;
  return { next: (after) => Math.floor(after / 1000) * 1000 + delay };
}

function parseFields(text: string, zone: string): CronSchedule {
  const parts = text.split(/\s+/).filter((each) => each !== '');
  if (parts.length !== 5) throw badRequest(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
  const fields = parts.map((part, index) => parseField(part, bounds[index]!));
  return { next: (after) => nextTime(fields, zone, after) };
}

function parseField(text: string, limits: Bounds): Field {
  const values = new Set<number>();
  let any = false;
  for (const range of text.split(',').filter((each) => each !== '')) {
    if (parseRange(range, limits, values)) any = true;
  }
  return { values, any };
}

/** Adds the values of one range; true if it is an unstepped `*`. */
function parseRange(text: string, limits: Bounds, values: Set<number>): boolean {
  const [range = '', stepText, ...slashes] = text.split('/');
  const [low = '', high, ...hyphens] = range.split('-');
  if (hyphens.length > 0) throw badRequest(`too many hyphens: ${text}`);
  if (slashes.length > 0) throw badRequest(`too many slashes: ${text}`);
  const star = low === '*' || low === '?';
  const step = stepText === undefined ? 1 : parseNumber(stepText);
  const start = star ? limits.min : parseValue(low, limits);
  // `5/15` means `5-59/15`.
  const open = star || (high === undefined && stepText !== undefined);
  const end = open ? limits.max : high === undefined ? start : parseValue(high, limits);

  if (start < limits.min) throw badRequest(`beginning of range (${start}) below minimum (${limits.min}): ${text}`);
  if (end > limits.max) throw badRequest(`end of range (${end}) above maximum (${limits.max}): ${text}`);
  if (start > end) throw badRequest(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw badRequest(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= end; value += step) values.add(value);
  return star && step === 1;
}

function parseValue(text: string, limits: Bounds): number {
  const named = limits.names.indexOf(text.toLowerCase());
  return named >= 0 ? named + limits.min : parseNumber(text);
}

function parseNumber(text: string): number {
  if (/^-\d+$/.test(text)) throw badRequest(`negative number (${text}) not allowed: ${text}`);
  if (!/^\+?\d{1,9}$/.test(text)) {
    throw badRequest(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

function nextTime(fields: readonly Field[], zone: string, after: number): number | undefined {
  const [minutes, hours, days, months, weekdays] = fields as [Field, Field, Field, Field, Field]; // parseFields counted them
  let time = Math.floor(after / minute) * minute + minute;
  const lastYear = wallClock(time, zone).getUTCFullYear() + 5;
  for (;;) {
    const wall = wallClock(time, zone);
    const year = wall.getUTCFullYear();
    const month = wall.getUTCMonth();
    if (year > lastYear) return undefined;
    if (!months.values.has(month + 1)) time = instantOf(Date.UTC(year, month + 1, 1), zone);
    else if (!dayMatches(days, weekdays, wall)) time = instantOf(Date.UTC(year, month, wall.getUTCDate() + 1), zone);
    // Hours and minutes pass in real time, so that a repeated hour comes twice.
    else if (!hours.values.has(wall.getUTCHours())) time += (60 - wall.getUTCMinutes()) * minute;
    else if (!minutes.values.has(wall.getUTCMinutes())) time += minute;
    else return time;
  }
}

/** Cron's rule: where both days are restricted, either may match. */
function dayMatches(days: Field, weekdays: Field, wall: Date): boolean {
  const byDay = days.values.has(wall.getUTCDate());
  const byWeekday = weekdays.values.has(wall.getUTCDay());
  return days.any || weekdays.any ? byDay && byWeekday : byDay || byWeekday;
}

/** The clock on the wall of a zone, as the UTC fields of a Date. */
function wallClock(time: number, zone: string): Date {
  return new Date(time + timeZoneOffset(zone, time));
}

/** The first instant at which the wall clock shows `wall` (in milliseconds, as if in UTC) or later. */
function instantOf(wall: number, zone: string): number {
  const before = wall - timeZoneOffset(zone, wall - day);
  const after = wall - timeZoneOffset(zone, wall + day);
  const [first, second] = before < after ? [before, after] : [after, before];
  return first + timeZoneOffset(zone, first) >= wall ? first : second;
}
