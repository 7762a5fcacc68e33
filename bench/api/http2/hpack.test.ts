import { describe, expect, it } from 'vitest';
import { ProtocolError } from './frames.ts';
import { literal, method, names, readStatus } from './hpack.ts';

const block = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the fields of a request', () => {
  it('are literals that no table keeps', () => {
    // RFC 7541, C.2.2.
    expect(literal(names.path, '/sample/path')).toEqual(block('040c 2f73 616d 706c 652f 7061 7468'));
    // A name's index above the prefix, and a value longer than its own.
    expect(literal(names.authorization, 'x'.repeat(200)).subarray(0, 4)).toEqual(block('0f08 7f49'));
    expect(literal(names.authorization, 'x'.repeat(400)).subarray(0, 5)).toEqual(block('0f08 7f91 02'));
  });

  it('have a byte for the methods of the static table, and a name for others', () => {
    expect(method('GET')).toEqual(block('82'));
    expect(method('POST')).toEqual(block('83'));
    expect(method('PUT')).toEqual(block('0203 505554'));
  });
});

describe('the status of an answer', () => {
  it.each([
    ['of the static table', '88', 200],
    ['of the static table, the last', '8e', 500],
    // RFC 7541, C.5.1 and C.6.1: indexed by the server, without effect on a table of size 0.
    ['302, plain', '4803 333032 5807 7072 6976 6174 65', 302],
    ['302, Huffman coded', '4882 6402 5885 aec3 771a 4b', 302],
    ['307, Huffman coded', '4883 640e ff', 307],
    ['201, plain, not indexed', '0803 323031', 201],
    ['409, plain, never indexed', '1803 343039', 409],
    ['behind the update of the table', '20 88', 200],
    ['behind two updates of the table', '20 3fe11f 88', 200],
  ])('is read: %s', (_, hex, status) => expect(readStatus(block(hex))).toBe(status));

  it.each([100, 101, 200, 201, 345, 409, 422, 429, 500, 503, 678, 999])(
    'is read from each Huffman coded digit: %d',
    (status) => {
      const codes = ['00000', '00001', '00010', '011001', '011010', '011011', '011100', '011101', '011110', '011111'];
      const bits = [...String(status)].map((digit) => codes[Number(digit)]).join('');
      const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
      const value = bytes.map((each) => Number.parseInt(each, 2));
      expect(readStatus(Buffer.from([0x48, 0x80 | value.length, ...value]))).toBe(status);
    },
  );

  it('is not there in trailers', () => {
    expect(readStatus(block('0f0d 0131'))).toBeUndefined();
    expect(readStatus(block(''))).toBeUndefined();
  });

  it('cannot be read from a block that is cut short', () => {
    for (const hex of ['48', '48ff', '3f', '08']) expect(() => readStatus(block(hex)), hex).toThrow(ProtocolError);
  });
});
