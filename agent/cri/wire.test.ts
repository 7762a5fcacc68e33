import { describe, expect, it } from 'vitest';
import { decode, encode, message } from './wire.ts';

const Inner = message({ value: [1, 'int64'] });
const Outer = message({
  text: [1, 'string'],
  flag: [2, 'bool'],
  inner: [3, Inner],
  list: [4, ['string']],
  numbers: [5, ['int64']],
  labels: [6, 'map'],
  at: [7, 'time'],
  many: [8, [Inner]],
  blob: [9, 'bytes'],
  code: [300, 'int32'],
});

describe('wire', () => {
  it('writes the bytes that the protobuf specification gives as examples', () => {
    expect(encode(message({ a: [1, 'int32'] }), { a: 150 }).toString('hex')).toBe('089601');
    expect(encode(message({ b: [2, 'string'] }), { b: 'testing' }).toString('hex')).toBe('120774657374696e67');
    expect(encode(message({ f: [6, ['int32']] }), { f: [3, 270, 86942] }).toString('hex')).toBe('3206038e029ea705');
    expect(encode(message({ a: [1, 'int32'] }), { a: -2 }).toString('hex')).toBe('08feffffffffffffffff01');
  });

  it('reads back what it wrote', () => {
    const value = {
      text: 'grüße',
      flag: true,
      inner: { value: -5 },
      list: ['', 'a'],
      numbers: [0, 2 ** 40],
      labels: { a: '', b: 'c' },
      at: 1_790_000_000_123_456_789n,
      many: [{ value: 0 }, { value: 7 }],
      blob: new Uint8Array([0, 255]),
      code: -1,
    };
    expect(decode(Outer, encode(Outer, value))).toEqual(value);
  });

  it('gives defaults for what is absent, and no sub-message', () => {
    expect(decode(Inner, new Uint8Array(0))).toEqual({ value: 0 });
    expect(decode(Outer, new Uint8Array(0)).inner).toBeUndefined();
  });

  it('skips fields that it does not know', () => {
    const bytes = encode(Outer, { text: 'x', list: ['y'], code: 4 });
    expect(decode(message({ code: [300, 'int32'] }), bytes)).toEqual({ code: 4 });
  });

  it('refuses a message that is cut off', () => {
    const bytes = encode(Outer, { text: 'a longer text' });
    expect(() => decode(Outer, bytes.subarray(0, bytes.length - 1))).toThrow(RangeError);
  });
});
