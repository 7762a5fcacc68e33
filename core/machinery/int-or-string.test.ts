import { describe, expect, it } from 'vitest';
import { scaledValue } from './int-or-string.ts';

describe('a count or percentage', () => {
  it.each([
    ['25%', 10, 'up', 3],
    ['25%', 10, 'down', 2],
    ['7%', 100, 'up', 7],
    ['100%', 3, 'up', 3],
    [2, 10, 'up', 2],
    ['0%', 10, 'up', 0],
  ] as const)('%j of %j rounded %s is %j', (value, total, round, expected) => {
    expect(scaledValue(value, total, round)).toBe(expected);
  });

  it('is no other string', () => {
    expect(() => scaledValue('5', 10, 'up')).toThrow('string is not a percentage: "5"');
  });
});
