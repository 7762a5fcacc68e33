import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatMicroTime,
  formatTime,
  humanDuration,
  parseDuration,
  parseTime,
  shortHumanDuration,
} from './time.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

describe('times', () => {
  it('are written in seconds or microseconds', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect(formatTime(at)).toBe('2026-01-02T03:04:05Z');
    expect(formatMicroTime(at)).toBe('2026-01-02T03:04:05.678000Z');
  });

  it.each([
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.6789Z', Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
    ['2026-01-02T03:04:05+01:30', Date.UTC(2026, 0, 2, 1, 34, 5)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2026-02-29T00:00:00Z', undefined],
    ['2026-01-02', undefined],
    ['2026-01-02 03:04:05Z', undefined],
    ['2026-01-02T24:00:00Z', undefined],
    ['2026-13-02T03:04:05Z', undefined],
  ])('%s is read as %j', (text, expected) => {
    expect(parseTime(text)).toBe(expected);
  });
});

describe('durations', () => {
  it.each([
    ['1h30m', 90 * m, '1h30m0s'],
    ['1.5s', 1500, '1.5s'],
    ['100ms', 100, '100ms'],
    ['-2m', -2 * m, '-2m0s'],
    ['0', 0, '0s'],
    ['.5s', 500, '500ms'],
    ['10us', 0.01, '10µs'],
    ['60m', h, '1h0m0s'],
  ])('%s is %d ms, written %s', (text, milliseconds, canonical) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 9);
    expect(formatDuration(milliseconds)).toBe(canonical);
  });

  it.each(['', '1', 's', '1 s', '1d', '--1s', '1h-1m'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(`time: invalid duration ${JSON.stringify(text)}`);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBeCloseTo(milliseconds, 3);
      }),
    );
  });
});

describe('ages', () => {
  it.each([
    [-3 * s, '<invalid>', '<invalid>'],
    [-s, '0s', '0s'],
    [119 * s, '119s', '1m'],
    [120 * s, '2m', '2m'],
    [5 * m + 30 * s, '5m30s', '5m'],
    [10 * m + 5 * s, '10m', '10m'],
    [179 * m, '179m', '2h'],
    [3 * h + 5 * m, '3h5m', '3h'],
    [9 * h, '9h', '9h'],
    [47 * h, '47h', '1d'],
    [2 * d + 4 * h, '2d4h', '2d'],
    [8 * d + h, '8d', '8d'],
    [729 * d, '729d', '1y'],
    [750 * d, '2y20d', '2y'],
    [8 * 365 * d, '8y', '8y'],
  ])('%d ms is %s, in short %s', (milliseconds, long, short) => {
    expect(humanDuration(milliseconds)).toBe(long);
    expect(shortHumanDuration(milliseconds)).toBe(short);
  });
});
