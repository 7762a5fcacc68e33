// Parts of times and durations. Source: CEL specification, "Date/Time Functions".

import { declared, type FunctionDeclaration, member } from '../check/environment.ts';
import * as t from '../types/types.ts';
import { dayOfYear, shownIn } from '../values/times.ts';
import { type Duration, Failure, type Timestamp, type Value } from '../values/values.ts';

function ofTime(id: string, read: (date: Date, time: Timestamp) => number) {
  const run = (time: Timestamp, zone = 'UTC'): Value => {
    const date = shownIn(time, zone);
    return date instanceof Failure ? date : BigInt(read(date, time));
  };
  return [
    member(`timestamp_to_${id}`, [t.timestamp], t.int, (time: Timestamp) => run(time)),
    member(`timestamp_to_${id}_with_tz`, [t.timestamp, t.string], t.int, run),
  ];
}

function ofDuration(id: string, read: (nanos: bigint) => bigint) {
  return member(`duration_to_${id}`, [t.duration], t.int, ({ nanos }: Duration) => read(nanos));
}

const second = 1_000_000_000n;

export const clocks: readonly FunctionDeclaration[] = [
  declared('getFullYear', ...ofTime('year', (date) => date.getUTCFullYear())),
  declared('getMonth', ...ofTime('month', (date) => date.getUTCMonth())),
  declared('getDayOfYear', ...ofTime('day_of_year', dayOfYear)),
  declared('getDayOfMonth', ...ofTime('day_of_month', (date) => date.getUTCDate() - 1)),
  declared('getDate', ...ofTime('day_of_month_1_based', (date) => date.getUTCDate())),
  declared('getDayOfWeek', ...ofTime('day_of_week', (date) => date.getUTCDay())),
  declared(
    'getHours',
    ...ofTime('hours', (date) => date.getUTCHours()),
    ofDuration('hours', (nanos) => nanos / (3600n * second)),
  ),
  declared(
    'getMinutes',
    ...ofTime('minutes', (date) => date.getUTCMinutes()),
    ofDuration('minutes', (nanos) => nanos / (60n * second)),
  ),
  declared(
    'getSeconds',
    ...ofTime('seconds', (date) => date.getUTCSeconds()),
    ofDuration('seconds', (nanos) => nanos / second),
  ),
  declared(
    'getMilliseconds',
    ...ofTime('milliseconds', (_, { nanos }) => Math.floor(nanos / 1_000_000)),
    ofDuration('milliseconds', (nanos) => nanos / 1_000_000n),
  ),
];
