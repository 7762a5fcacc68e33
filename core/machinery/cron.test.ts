import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from './cron.ts';
import { isTimeZone } from './time-zone.ts';

function times(schedule: string, from: string, count: number, zone?: string): string[] {
  const cron = parseCron(schedule, zone);
  const result: string[] = [];
  let time = Date.parse(from);
  for (let i = 0; i < count; i++) {
    time = cron.next(time)!;
    result.push(new Date(time).toISOString().slice(0, 16));
  }
  return result;
}

describe('a cron schedule', () => {
  it.each([
    ['*/15 * * * *', ['2026-01-01T00:15', '2026-01-01T00:30']],
    ['5/20 1 * * *', ['2026-01-01T01:05', '2026-01-01T01:25']],
    ['0 0 1,15 * *', ['2026-01-15T00:00', '2026-02-01T00:00']],
    ['0 0 13 * FRI', ['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00']],
    ['0 0 */2 * 1', ['2026-01-03T00:00', '2026-01-05T00:00', '2026-01-07T00:00']],
    ['0 0 29 feb ?', ['2028-02-29T00:00']],
    ['30 4 31 * *', ['2026-01-31T04:30', '2026-03-31T04:30']],
    ['@yearly', ['2027-01-01T00:00']],
    ['@weekly', ['2026-01-04T00:00', '2026-01-11T00:00']],
    ['@hourly', ['2026-01-01T01:00']],
    ['@every 1h30m', ['2026-01-01T01:30', '2026-01-01T03:00']],
    ['TZ=Asia/Tokyo 0 9 * * *', ['2026-01-02T00:00']],
    ['CRON_TZ=UTC 0 9 * * *', ['2026-01-01T09:00']],
  ])('%s', (schedule, expected) => {
    expect(times(schedule, '2026-01-01T00:00:00Z', expected.length)).toEqual(expected);
  });

  it('has no time where there is no such day', () => {
    expect(parseCron('0 0 31 2 *').next(0)).toBeUndefined();
  });

  it('skips a time that does not exist when clocks go forward', () => {
    expect(times('30 2 * * *', '2026-03-07T12:00:00Z', 2, 'America/New_York')).toEqual([
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
  });

  it('comes twice in an hour that clocks repeat', () => {
    expect(times('30 1 * * *', '2026-11-01T00:00:00Z', 3, 'America/New_York')).toEqual([
      '2026-11-01T05:30',
      '2026-11-01T06:30',
      '2026-11-02T06:30',
    ]);
  });

  it('finds days whose midnight does not exist', () => {
    // Clocks in Beirut went from 24:00 on to 1:00 on 2024-03-31.
    expect(times('0 * 31 3 *', '2024-03-30T12:00:00Z', 2, 'Asia/Beirut')).toEqual([
      '2024-03-30T22:00',
      '2024-03-30T23:00',
    ]);
  });

  it.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['a * * * *', 'failed to parse int from a'],
    ['@never', 'unrecognized descriptor: @never'],
    ['@constructor', 'unrecognized descriptor'],
    ['@every x', 'failed to parse duration @every x'],
    ['TZ=Nowhere/Land * * * * *', 'provided bad location Nowhere/Land'],
  ])('%j is refused', (text, message) => {
    expect(() => parseCron(text)).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message: expect.stringContaining(message) }),
    );
  });

  it('gives the first matching minute, and no other, in any zone', () => {
    const part = (max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 0, max }).map(String),
        fc.integer({ min: 2, max: 9 }).map((n) => `*/${n}`),
      );
    fc.assert(
      fc.property(
        part(59),
        part(23),
        fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
        (minutes, hours, start, zone) => {
          const next = parseCron(`${minutes} ${hours} * * *`, zone).next(start)!;
          const clock = new Intl.DateTimeFormat('en-US', {
            timeZone: zone,
            hourCycle: 'h23',
            hour: 'numeric',
            minute: 'numeric',
          });
          const fits = (text: string, value: number) => {
            if (text === '*') return true;
            return text.startsWith('*/') ? value % Number(text.slice(2)) === 0 : value === Number(text);
          };
          const matches = (time: number) => {
            const [hour, minute] = clock.format(time).split(':').map(Number);
            return fits(hours, hour!) && fits(minutes, minute!);
          };
          expect(next % 60_000).toBe(0);
          let expected = Math.floor(start / 60_000) * 60_000 + 60_000;
          while (!matches(expected)) expected += 60_000;
          expect(next).toBe(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('time zones', () => {
  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['Local', false],
    ['+01:00', false],
    ['', false],
    ['Nowhere/Land', false],
  ])('%j: %j', (name, expected) => {
    expect(isTimeZone(name)).toBe(expected);
  });
});
