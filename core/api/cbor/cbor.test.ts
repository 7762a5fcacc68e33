import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.ts';
import { decodeCbor } from './decode-cbor.ts';
import { encodeCbor } from './encode-cbor.ts';

const decode = (hex: string) => decodeCbor(Buffer.from(hex, 'hex'));
const encode = (value: unknown) =>
  Buffer.from(encodeCbor(value))
    .toString('hex')
    .replace(/^d9d9f7/, '');

describe('the examples of RFC 8949, appendix A', () => {
  it.each<[string, unknown]>([
    ['00', 0],
    ['01', 1],
    ['0a', 10],
    ['17', 23],
    ['1818', 24],
    ['1819', 25],
    ['1864', 100],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1b0020000000000001', 9007199254740993n],
    ['3b0020000000000000', -9007199254740993n],
    ['1b7fffffffffffffff', 2n ** 63n - 1n],
    ['3b7fffffffffffffff', -(2n ** 63n)],
    ['20', -1],
    ['29', -10],
    ['3863', -100],
    ['3903e7', -1000],
    ['f93e00', 1.5],
    ['fb3ff199999999999a', 1.1],
    ['fb7e37e43c8800759c', 1e300],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['fbc010666666666666', -4.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['a0', {}],
  ])('%s is read and written', (hex, value) => {
    expect(decode(hex)).toEqual(value);
    expect(encode(value)).toBe(hex);
  });

  it.each<[string, unknown]>([
    ['f90000', 0],
    ['f98000', -0],
    ['f93c00', 1],
    ['f97bff', 65504],
    ['fa47c35000', 100_000],
    ['fa7f7fffff', 3.4028234663852886e38],
    ['f9c400', -4],
    ['40', ''],
    ['60', ''],
    ['6161', 'a'],
    ['6449455446', 'IETF'],
    ['62225c', '"\\'],
    ['62c3bc', 'ü'],
    ['63e6b0b4', '水'],
    ['64f0908591', '𐅑'],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['826161a161626163', ['a', { b: 'c' }]],
    ['9fff', []],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['83018202039f0405ff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['5f42616243636465ff', 'abcde'],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['c11a514b67b0', '2013-03-21T20:04:00Z'],
    ['c1fb41d452d9ec200000', '2013-03-21T20:04:00.5Z'],
    ['d74401020304', '01020304'],
    ['d64401020304', 'AQIDBA=='],
    ['d543fbffbf', '-_-_'],
    ['d818456449455446', 'dIETF'],
    ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', 'http://www.example.com'],
    ['d9d9f701', 1],
  ])('%s is read', (hex, value) => {
    expect(decode(hex)).toEqual(value);
  });

  it.each([
    ['a number that is not there', '19'],
    ['a string that ends early', '6261'],
    ['no item', ''],
    ['two items', '0101'],
    ['integers above 63 bits', '1bffffffffffffffff'],
    ['integers below 64 bits', '3bffffffffffffffff'],
    ['big numbers', 'c249010000000000000000'],
    ['Infinity', 'f97c00'],
    ['NaN', 'f97e00'],
    ['Infinity in double', 'fb7ff0000000000000'],
    ['undefined', 'f7'],
    ['simple values', 'f0'],
    ['simple values of two bytes', 'f8ff'],
    ['reserved initial bytes', '1c'],
    ['a break alone', 'ff'],
    ['a chunk of another type', '5f6161ff'],
    ['a chunk of indefinite length', '5f5f4100ffff'],
    ['text that is no UTF-8', '61ff'],
    ['byte strings that are no UTF-8', '41ff'],
    ['a text cut in the middle of a character', '7f61c361bcff'],
    ['duplicate keys', 'a2616101616102'],
    ['duplicate keys in two types of string', 'a2616101416102'],
    ['duplicate keys called __proto__', 'a2695f5f70726f746f5f5f01695f5f70726f746f5f5f02'],
    ['keys that are numbers', 'a10102'],
    ['a time that is none', 'c06161'],
    ['a time out of range', 'c1fb7e37e43c8800759c'],
    ['an array of more items than bytes', '9bffffffffffffffff01'],
    ['a map of more entries than bytes', 'bbffffffffffffffff616101'],
    ['a string longer than memory', '5bffffffffffffffff00'],
    ['items nested without end', '81'.repeat(10_000)],
    ['tags nested without end', 'd9d9f7'.repeat(10_000)],
  ])('%s are refused', (_, hex) => {
    expect(() => decode(hex)).toThrow(StatusError);
    expect(() => decode(hex)).toThrow(/^the body is no valid CBOR: /);
  });
});

describe('CBOR as Kubernetes writes it', () => {
  it('begins with the self-described tag, and has byte strings for strings and keys', () => {
    expect(Buffer.from(encodeCbor({ kind: 'A' })).toString('hex')).toBe('d9d9f7a1446b696e644141');
  });

  it('sorts keys by their encoded bytes, which puts short ones first', () => {
    const value = { bb: 1, a: 2, ab: 3, c: undefined };
    expect(encode(value)).toBe(`a3${'4161'}02${'426162'}03${'426262'}01`);
  });

  it('puts bytes of built-in kinds under tag 22, wherever the object stands', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', data: { k: 'AQID' }, type: 'Opaque' };
    expect(encode(secret)).toContain('416bd643010203');
    expect(encode({ apiVersion: 'v1', kind: 'SecretList', items: [secret] })).toContain('416bd643010203');
    expect(encode({ type: 'ADDED', object: secret })).toContain('416bd643010203');
    const hook = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      webhooks: [{ clientConfig: { caBundle: 'AQID' } }],
    };
    expect(encode(hook)).toContain('d643010203');
    // A custom resource has no such types, and what is no base64 is told as it is.
    expect(encode({ ...secret, apiVersion: 'example.com/v1' })).toContain('416b4441514944');
    expect(encode({ ...secret, data: { k: 'A' } })).toContain('416b4141');
  });

  it('fails for what JSON has no form of', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 1, 2n ** 63n])
      expect(() => encodeCbor(value)).toThrow(TypeError);
  });

  it('writes numbers as short as they go', () => {
    expect(encode(2 ** 53 - 1)).toBe('1b001fffffffffffff');
    // Too large for 64 bits.
    expect(decodeCbor(encodeCbor(1e20))).toBe(1e20);
    expect(encode(2 ** 70)).toBe('fa62800000');
    expect(encode(3.4028234663852886e38)).toBe('fa7f7fffff');
    expect(encode(0.1)).toBe('fb3fb999999999999a');
    expect(encode(-0)).toBe('00');
  });

  it('gives back every JSON value, with the same bytes for the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => {
        // What JSON does not tell apart: minus zero.
        const value = JSON.parse(JSON.stringify(json)) as unknown;
        const bytes = encodeCbor(value);
        expect(decodeCbor(bytes)).toEqual(value);
        const shuffled = JSON.parse(JSON.stringify(value), (_, each) =>
          typeof each === 'object' && each !== null && !Array.isArray(each)
            ? Object.fromEntries(Object.entries(each).reverse())
            : each,
        ) as unknown;
        expect(encodeCbor(shuffled)).toEqual(bytes);
      }),
    );
  });

  it('gives back data of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const secret = { apiVersion: 'v1', kind: 'Secret', data: { k: Buffer.from(bytes).toString('base64') } };
        expect(decodeCbor(encodeCbor(secret))).toEqual(secret);
      }),
    );
  });

  it('answers any bytes with a value or a BadRequest', () => {
    const read = (bytes: Uint8Array) => {
      try {
        // Whatever was read can be written again.
        encodeCbor(decodeCbor(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
        expect(error).toMatchObject({ reason: 'BadRequest' });
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), read), { numRuns: 2000 });
    const mutated = fc
      .tuple(
        fc.jsonValue({ maxDepth: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      )
      .map(([value, changes]) => {
        const bytes = Uint8Array.from(encodeCbor(JSON.parse(JSON.stringify(value))));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(fc.property(mutated, read), { numRuns: 1000 });
  });
});
