import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../machinery/object.ts';
import { strategy } from './strategy.ts';

const template = { spec: { restartPolicy: 'Never', dnsPolicy: 'ClusterFirst', containers: [] } };

function cronJob(spec: object): KubeObject {
  // A CronJob as far as its schedule.
  return { metadata: { name: 'a' }, spec: { jobTemplate: { spec: { template } }, ...spec } } as KubeObject;
}

/** What is wrong with a CronJob's time. */
function problems(spec: object, old?: object): string[] {
  const errors = strategy.validate?.(cronJob(spec), old && cronJob(old)) ?? [];
  return errors
    .filter(({ field }) => field === 'spec.schedule' || field === 'spec.timeZone')
    .map(({ field, message }) => `${field}: ${message}`);
}

describe('a schedule', () => {
  it.each(['* * * * *', '@hourly', '@every 1h30m', '*/15 0-6,12 ? JAN-mar MON', '5/15 * * * 6'])(
    'may be %s',
    (schedule) => {
      expect(problems({ schedule })).toEqual([]);
    },
  );

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@often', 'unrecognized descriptor: @often'],
    ['TZ=UTC @daily', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
  ])('may not be %s', (schedule, why) => {
    expect(problems({ schedule })).toEqual([`spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${why}`]);
  });

  it('that named a zone before goes on, without the field beside it', () => {
    const old = { schedule: 'TZ=UTC @daily' };
    expect(problems({ schedule: 'TZ=UTC @hourly' }, old)).toEqual([]);
    expect(problems({ schedule: 'TZ=UTC @hourly', timeZone: 'UTC' }, old)).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC @hourly": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ]);
  });

  it.each([
    ['', 'timeZone must be nil or non-empty string'],
    ['Local', 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
    ['+01:00', 'unknown time zone +01:00'],
    ['Nowhere/At-All', 'unknown time zone Nowhere/At-All'],
  ])('is in no zone "%s"', (timeZone, why) => {
    expect(problems({ schedule: '@daily', timeZone })).toEqual([
      `spec.timeZone: Invalid value: ${JSON.stringify(timeZone)}: ${why}`,
    ]);
  });
});
