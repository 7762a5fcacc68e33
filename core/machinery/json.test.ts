import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { isInteger, parseJson } from './json.ts';
import { decodeJson, decodeJsonStrict } from './json-body.ts';

describe('the numbers of a JSON text', () => {
  it.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    // Beyond 64 bits they are floats, as in Go.
    ['9223372036854775808', 2 ** 63],
    ['-9223372036854775809', -(2 ** 63)],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['9007199254740993.0', 9007199254740992],
    ['0.1234567890123456789', 0.12345678901234568],
    ['1e20', 1e20],
    ['12345678901234567e1', Number('12345678901234567e1')],
    ['1e308', 1e308],
    ['1e-999', 0],
    ['[1,9007199254740993]', [1, 9007199254740993n]],
    ['["0000000000000001",9007199254740993]', ['0000000000000001', 9007199254740993n]],
    ['1e-0000000000000000001', 0.1],
    ['[ 9007199254740993, -9007199254740993]', [9007199254740993n, -9007199254740993n]],
    ['{"a":[{"__proto__":9007199254740993}]}', { a: [JSON.parse('{"__proto__":0}')] }],
  ])('%s is read as what it says', (text, value) => {
    const read = (each: unknown) =>
      JSON.stringify(each, (key, at) => (key === '__proto__' ? undefined : typeof at === 'bigint' ? `${at}n` : at));
    for (const got of [parseJson(text), decodeJson(Buffer.from(text)), decodeJsonStrict(text).value])
      expect(read(got)).toBe(read(value));
  });

  it.each([
    '1e999',
    '-1e999',
    '[1,1E+400]',
    '{"a":{"b":12345e308}}',
    '9'.repeat(400),
    ' 1e0999',
    '1e0000000000000000999',
  ])('%s is refused: no float is as large', (text) => {
    expect(() => parseJson(text)).toThrow('into Go value of type float64');
    for (const decode of [decodeJson, decodeJsonStrict])
      expect(() => decode(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it.each<[string, string]>([
    ['{"a":9007199254740993,"a":{}}', '{"a":{}}'],
    ['{"a":{"b":9007199254740993},"a":{}}', '{"a":{}}'],
    ['{"a":{"b":9007199254740993},"a":{"b":1}}', '{"a":{"b":1}}'],
    ['{"a":{"b":9007199254740993},"a":{"b":9007199254740992.0}}', '{"a":{"b":9007199254740992}}'],
    ['{"a":{"b":1},"a":{"b":9007199254740993}}', '{"a":{"b":9007199254740993}}'],
    ['{"a":[9007199254740993],"a":{"0":1}}', '{"a":{"0":1}}'],
    ['{"a":[1,9007199254740993],"a":[2]}', '{"a":[2]}'],
    ['{"a":[{"b":9007199254740993}],"a":[[9007199254740995]]}', '{"a":[[9007199254740995]]}'],
  ])('%s: the last of two fields with one name counts', (text, result) => {
    expect(JSON.stringify(parseJson(text))).toBe(result);
  });

  it('say where whole numbers are written as floats', () => {
    const { floats } = decodeJsonStrict('{"a":[{"b":1.0}, 1.5, 2], "c":1e3, "d":-0.0, "e":"1.0"}');
    expect(floats).toEqual([
      { path: ['a', 0, 'b'], text: '1.0' },
      { path: ['c'], text: '1e3' },
      { path: ['d'], text: '-0.0' },
    ]);
  });

  it('are written as they were read, whatever stands around them', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const near = fc.tuple(fc.constantFrom(2n ** 53n, 2n ** 62n, 10n ** 15n, 10n ** 16n), fc.bigInt(-3n, 3n));
    const literal = fc.oneof(
      int64.map(String),
      near.map(([at, by]) => String(at + by)),
      near.map(([at, by]) => String(-at + by)),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => JSON.stringify(each)),
      fc.constantFrom('"9007199254740993"', 'true', 'null', '"\\"1e999,1e999"', '"[1e999]"'),
      fc.constantFrom('"0000000000000001"', '"-9007199254740993"', '"a 9007199254740993"', '"[9007199254740993,"'),
    );
    const { value: tree } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        literal,
        fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
        fc
          .uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), tie('value')), {
            selector: ([name]) => name,
            maxLength: 4,
          })
          .map(
            (fields) =>
              `{${inOrder(fields)
                .map(([name, each]) => `${JSON.stringify(name)}:${each}`)
                .join(',')}}`,
          ),
      ),
    }));
    fc.assert(
      fc.property(tree, (text) => {
        expect(JSON.stringify(parseJson(text))).toBe(text);
        expect(JSON.stringify(decodeJsonStrict(text).value)).toBe(text);
        expect(parseJson(JSON.stringify(parseJson(text)))).toEqual(parseJson(text));
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });

  it('are integers where they are safe, or bigints', () => {
    for (const yes of [0, -1, 2 ** 53 - 1, 2n ** 53n]) expect(isInteger(yes)).toBe(true);
    for (const no of [1.5, 2 ** 53, 1e19, Number.NaN, '1', null, undefined]) expect(isInteger(no)).toBe(false);
  });
});

/** As JSON.parse orders names: those that are indexes come first. */
function inOrder<T>(fields: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return Object.keys(Object.fromEntries(fields)).flatMap((name) => fields.filter((each) => each[0] === name));
}
