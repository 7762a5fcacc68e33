import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buffersOf, packEntries, unpackEntries } from './packed-entries.ts';

const entry = fc.record({
  op: fc.constantFrom('put' as const, 'delete' as const),
  name: fc.string(),
  revision: fc.maxSafeNat(),
  previousRevision: fc.maxSafeNat(),
  value: fc.uint8Array({ maxLength: 300 }),
});

it('gives back what it was given, after a clone that hands its buffers over', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const packed = packEntries(entries);
      const arrived = structuredClone(packed, { transfer: buffersOf(packed) });
      expect(unpackEntries(arrived)).toEqual(entries);
    }),
  );
});

it('takes of a view what it shows, and gives each value a buffer of its own', () => {
  const pool = new Uint8Array([1, 2, 3, 4, 5]);
  const entries = [pool.subarray(1, 3), pool.subarray(3)].map((value, i) => ({
    op: 'put' as const,
    name: `a-${i}`,
    revision: i + 1,
    previousRevision: 0,
    value,
  }));
  const values = unpackEntries(packEntries(entries)).map(({ value }) => value);
  expect(values.map((value) => [...value])).toEqual([
    [2, 3],
    [4, 5],
  ]);
  expect(values.map(({ buffer }) => buffer.byteLength)).toEqual([2, 2]);
});
