import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShares } from './shares.ts';

describe('shares', () => {
  it('give one holder a fifth of all, and the next one a fifth of what is left', () => {
    const shares = createShares(100);
    expect(shares.take('a', 20)).toBe(true);
    expect(shares.take('a', 1)).toBe(false);
    expect(shares.take('b', 16)).toBe(true);
    expect(shares.take('b', 1)).toBe(false);
    shares.release('a', 20);
    expect(shares.take('b', 1)).toBe(true);
    expect(shares.used).toBe(17);
  });

  it('always leave something for who comes next, and forget who holds nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 300 })), { maxLength: 50 }),
        (asked) => {
          const shares = createShares(1000);
          const taken: [string, number][] = [];
          for (const [holder, amount] of asked) if (shares.take(holder, amount)) taken.push([holder, amount]);
          expect(shares.used).toBeLessThanOrEqual(1000 * (1 - 0.8 ** 4));
          expect(shares.take('newcomer', 80)).toBe(true);
          for (const [holder, amount] of taken) shares.release(holder, amount);
          shares.release('newcomer', 80);
          expect(shares.used).toBe(0);
          expect(shares.take('a', 200)).toBe(true);
        },
      ),
    );
  });
});
