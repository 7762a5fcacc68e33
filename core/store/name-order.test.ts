import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareNames, prefixEnd } from './name-order.ts';

const name = fc.string({ unit: 'binary' });

it('is the order of UTF-8 bytes', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

it('puts every name with a prefix below the end of the prefix', () => {
  fc.assert(
    fc.property(name, fc.string(), (prefix, rest) => {
      expect(compareNames(prefix + rest, prefixEnd(prefix))).toBeLessThan(0);
    }),
  );
});
