import { describe, expect, it } from 'vitest';
import { decodingError } from './go-decoding.ts';

describe('what Go cannot decode', () => {
  it.each([
    ['not base64!', 3],
    ['abc', 0],
    ['abcde', 4],
    ['YQ=', 3],
    ['YQ=x', 2],
    ['YQ==YQ==', 4],
    ['Y=', 1],
    ['YW\nJj*', 5],
    ['é', 0],
  ])('as base64 is %j, from byte %i on', (text, at) => {
    expect(decodingError('byte', text)).toBe(`illegal base64 data at input byte ${at}`);
  });

  it.each([
    ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
    ['soon', 'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"'],
    ['2026-01-02', 'parsing time "2026-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    [
      '2026-01-02 03:04:05Z',
      'parsing time "2026-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T"',
    ],
    ['2026-13-02T03:04:05Z', 'parsing time "2026-13-02T03:04:05Z": month out of range'],
    ['2026-02-30T03:04:05Z', 'parsing time "2026-02-30T03:04:05Z": day out of range'],
    [
      '2026-01-02T03:04:05',
      'parsing time "2026-01-02T03:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
    ],
    ['2026-01-02T03:04:05.5Zx', 'parsing time "2026-01-02T03:04:05.5Zx": extra text: "x"'],
  ])('as a time is %j', (text, message) => {
    expect(decodingError('date-time', text)).toBe(message);
  });

  it('as a quantity, or has no form of its own', () => {
    expect(decodingError('quantity', '1 Gi')).toMatch(/^quantities must match the regular expression/);
    expect(decodingError('micro-time', '2026-01-02T03:04:05Z')).toBe(
      'parsing time "2026-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    );
    expect(decodingError('uuid', 'x')).toBeUndefined();
  });
});
