import { describe, expect, it } from 'vitest';
import { parseQuery, Query } from './query.ts';

function of(query: string): Query {
  return new Query(parseQuery(query));
}

describe('a query', () => {
  it.each([
    ['', undefined],
    ['tty', true],
    ['tty=', true],
    ['tty=true', true],
    ['tty=no', true],
    ['tty=False', false],
    ['tty=FALSE', false],
    ['tty=false', false],
    ['tty=0', false],
    ['tty=00', true],
    ['tty=false&tty=true', false],
    ['tty=true&tty=false', true],
  ])('reads the boolean of %j', (query, expected) => {
    expect(of(query).optionalBoolean('tty')).toBe(expected);
    expect(of(query).boolean('tty')).toBe(expected ?? false);
  });

  it.each([
    ['', undefined],
    ['limit=5', 5],
    ['limit=%2B5', 5],
    ['limit=-5', -5],
    ['limit=007', 7],
    ['limit=9223372036854775807', 2 ** 63],
    ['limit=1&limit=x', 1],
  ])('reads the number of %j', (query, expected) => {
    expect(of(query).integer('limit')).toBe(expected);
  });

  it.each(['', '+5', '1e3', '0x10', '1.0', ' 1', '1_0', '9223372036854775808', 'NaN', '９', '1'.repeat(5000)])(
    'refuses %j as a number, in the words of Go',
    (value) => {
      expect(() => of(`limit=${value}`).integer('limit')).toThrow(
        expect.objectContaining({
          reason: 'BadRequest',
          message: expect.stringMatching(
            /^strconv\.ParseInt: parsing ".{0,100}": (?:invalid syntax|value out of range)$/,
          ),
        }),
      );
    },
  );

  it('reads ports, and refuses what is none', () => {
    expect(of('ports=80,443&ports=9').ports('ports')).toEqual([80, 443, 9]);
    expect(of('').ports('ports')).toEqual([]);
    for (const other of ['', '80,', '0x50', '1e3', '-1', '65536', ' 80', '%2B80', '1'.repeat(400)])
      expect(() => of(`ports=${other}`).ports('ports')).toThrow(/^the query parameter ports /);
  });

  it('reads times as they were sent, and refuses others', () => {
    for (const time of ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123456789+01:00'])
      expect(of(`sinceTime=${encodeURIComponent(time)}`).time('sinceTime')).toBe(time);
    for (const none of ['', 'sinceTime=', 'sinceTime=null']) expect(of(none).time('sinceTime')).toBeUndefined();
    for (const other of ['yesterday', '2026-01-02', '1', '2026-13-02T03:04:05Z'])
      expect(() => of(`sinceTime=${other}`).time('sinceTime')).toThrow(/^the query parameter sinceTime /);
  });
});
