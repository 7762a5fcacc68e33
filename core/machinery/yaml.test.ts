import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './json.ts';
import { decodeYaml, decodeYamlDocuments } from './yaml.ts';
import { encodeYaml } from './yaml-text.ts';

describe('YAML', () => {
  it.each([
    ['a: yes', true],
    ['a: off', false],
    ['a: 012', 10],
    ['a: 0x10', 16],
    ['a: 2001-12-14', '2001-12-14'],
    ['a: 2001-12-14T21:59:43.10-05:00', '2001-12-14T21:59:43.10-05:00'],
    ['a: 22:22', '22:22'],
    ['a: 10:20:30', '10:20:30'],
    ['a: "012"', '012'],
    ['a: ~', null],
    ['a:', null],
    ['a: 1.5', 1.5],
    ['a: 1e3', 1000],
    ['a: 100m', '100m'],
    ['a: |\n  x\n  y\n', 'x\ny\n'],
    ['b: &x {c: 1}\na: {<<: *x, d: 2}', { c: 1, d: 2 }],
  ])('%j is read as %j', (text, expected) => {
    expect((decodeYaml(text).value as { a: unknown }).a).toEqual(expected);
  });

  it('takes keys as strings', () => {
    expect(decodeYaml('1: a\n"2": b').value).toEqual({ 1: 'a', 2: 'b' });
  });

  it('reads JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3, noUnicodeString: true } as object), (value) => {
        const text = JSON.stringify({ a: value });
        expect(decodeYaml(text).value).toEqual(parseJson(text));
      }),
      { numRuns: 50 },
    );
  });

  it('names fields that stand twice', () => {
    expect(decodeYaml('spec:\n  replicas: 1\n  c:\n  - a: 1\n    a: 2\n  replicas: 2')).toEqual({
      value: { spec: { replicas: 2, c: [{ a: 2 }] } },
      duplicates: ['spec.c[0].a', 'spec.replicas'],
      duplicateLines: ['line 5: key "a" already set in map', 'line 6: key "replicas" already set in map'],
    });
  });

  it('reads several documents, and leaves out empty ones', () => {
    expect(decodeYamlDocuments('---\na: 1\n---\n# nothing\n---\nb: 2\n---\n').map((each) => each.value)).toEqual([
      { a: 1 },
      { b: 2 },
    ]);
    expect(() => decodeYaml('a: 1\n---\nb: 2')).toThrow('2 YAML documents');
    expect(decodeYaml('').value).toBeNull();
  });

  it.each(['a: [', 'a: b: c', '\ta: 1', 'a: .inf'])('%j is refused', (text) => {
    expect(() => decodeYaml(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('bounds what aliases multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(() => decodeYaml(lines.join('\n'))).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('reads what it wrote', () => {
    const value = {
      a: 'yes',
      b: '012',
      c: '1e3',
      d: [null, true, 'on', '2001-12-14', '22:22', '', 'x\ny'],
      e: { '1': 'x' },
    };
    expect(decodeYaml(encodeYaml(value)).value).toEqual(value);
  });
});

describe('the numbers of a YAML text', () => {
  it.each<[string, string]>([
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['9_223_372_036_854_775_807', '9223372036854775807'],
    ['0x7fffffffffffffff', '9223372036854775807'],
    ['-0x20000000000001', '-9007199254740993'],
    ['0400000000000000001', '9007199254740993'],
    ['0o400000000000000001', '9007199254740993'],
    ['0o17', '15'],
    ['017', '15'],
    ['0b100000000000000000000000000000000000000000000000000001', '9007199254740993'],
    ['1e3', '1000'],
    ['1.0', '1'],
    // Go reads no base 60, and keeps as a text what no float holds.
    ['22:22', '"22:22"'],
    ['1e999', '"1e999"'],
    ['9223372036854775808', '9223372036854776000'],
    ['&a 9007199254740993', '9007199254740993'],
  ])('%s is %s in JSON', (text, json) => {
    expect(JSON.stringify(decodeYaml(`a: ${text}`).value)).toBe(`{"a":${json}}`);
  });

  it.each(['.inf', '-.Inf', '.nan'])('%s is refused', (text) => {
    expect(() => decodeYaml(`a: ${text}`)).toThrow('which is no JSON number');
  });

  it('are written as integers', () => {
    expect(encodeYaml({ a: 9007199254740993n })).toBe('a: 9007199254740993\n');
  });
});
