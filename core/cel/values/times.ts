// Timestamps and durations. Source: CEL specification, "Timestamps and Durations"; Go's time.ParseDuration and RFC 3339.

import { withoutEnd } from '../../machinery/text-ends.ts';
import { isTimeZone, timeZoneOffset } from '../../machinery/time-zone.ts';
import { Duration, Failure, fail, Timestamp, type Value } from './values.ts';

const second = 1_000_000_000n;
const earliest = -62_135_596_800;
const latest = 253_402_300_799;

export function timestampOf(seconds: number, nanos: number): Value {
  return seconds < earliest || seconds > latest ? fail('timestamp overflow') : new Timestamp(seconds, nanos);
}

export function durationOf(nanos: bigint): Value {
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : fail('duration overflow');
}

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,](\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** undefined: no RFC 3339 time. */
export function parseTimestamp(text: string): Value | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, seconds, fraction = '', sign, hours, minutes] = match;
  // Date.UTC takes years below 100 for those of the 20th century.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const clock = Number(hour) * 3600 + Number(minute) * 60 + Number(seconds);
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60;
  const at = date.getTime() / 1000 + clock - (sign === '-' ? -offset : offset);
  return timestampOf(at, Number(fraction.slice(0, 9).padEnd(9, '0')));
}

export function formatTimestamp({ seconds, nanos }: Timestamp): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = nanos === 0 ? '' : `.${withoutEnd(String(nanos).padStart(9, '0'), '0')}`;
  return `${whole}${fraction}Z`;
}

const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ...['us', 'µs', 'μs'].map((each) => [each, 1_000n] as const),
  ['ms', 1_000_000n],
  ['s', second],
  ['m', 60n * second],
  ['h', 3600n * second],
]);

/** undefined: no duration. */
export function parseDuration(text: string): Duration | undefined {
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return new Duration(0n);
  if (!rest || text.length > 200 || !/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest))
    return undefined;
  let total = 0n;
  for (const [, whole, fraction = '', unit = ''] of rest.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/gy)) {
    const nanos = units.get(unit) ?? 0n;
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || 0) * nanos + (BigInt(digits || 0) * nanos) / 10n ** BigInt(digits.length);
  }
  const nanos = sign === '-' ? -total : total;
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : undefined;
}

/** Seconds with what is left of them: `90s`, `-0.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = withoutEnd(String(size % second).padStart(9, '0'), '0');
  return `${nanos < 0n ? '-' : ''}${size / second}${fraction && `.${fraction}`}s`;
}

export function addDuration({ seconds, nanos }: Timestamp, { nanos: more }: Duration): Value {
  const total = BigInt(seconds) * second + BigInt(nanos) + more;
  const rest = ((total % second) + second) % second;
  return timestampOf(Number((total - rest) / second), Number(rest));
}

export function between(a: Timestamp, b: Timestamp): Value {
  return durationOf(BigInt(a.seconds - b.seconds) * second + BigInt(a.nanos - b.nanos));
}

/** The fields of a time as clocks of a zone show it, by Date's methods for UTC. */
export function shownIn({ seconds }: Timestamp, zone: string): Date | Failure {
  const offset = offsetOf(zone, seconds * 1000);
  return offset instanceof Failure ? offset : new Date(seconds * 1000 + offset);
}

/** `Europe/Berlin`, `UTC`, empty, or `+02:00` as cel-go reads it: hours and minutes around a colon. */
function offsetOf(zone: string, time: number): number | Failure {
  if (!zone.includes(':')) {
    if (zone === '' || zone === 'UTC' || zone === 'Local') return 0;
    return isTimeZone(zone) ? timeZoneOffset(zone, time) : fail(`unknown time zone ${zone}`);
  }
  const match = /^([+-]?\d{1,9}):([+-]?\d{1,9})$/.exec(zone);
  if (!match) return fail(`strconv.Atoi: parsing ${JSON.stringify(zone.split(':')[0])}: invalid syntax`);
  const [, hours, minutes] = match;
  const total = Number(hours) * 60 + (zone.startsWith('-') ? -Number(minutes) : Number(minutes));
  // Further away no clock of a Date would show anything.
  return Math.abs(total) > 1_000_000 ? fail('timestamp overflow') : total * 60_000;
}

export function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}
