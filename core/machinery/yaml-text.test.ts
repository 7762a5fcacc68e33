import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeYaml } from './yaml.ts';
import { encodeYaml as text } from './yaml-text.ts';

describe('YAML text', () => {
  it('looks as what kubectl prints', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', annotations: { 'example.com/on': 'on', empty: '' }, creationTimestamp: null },
      spec: {
        containers: [
          { image: 'registry.example:5000/web:1.2.3', args: ['-c', 'a: b', 'echo 1\necho 2\n'], ports: [] },
          { env: {}, command: [['x'], [{ y: 1 }]] },
        ],
        priority: -5,
        hostNetwork: true,
        at: '2026-01-01T00:00:00Z',
      },
    };
    expect(text(value)).toBe(`apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    example.com/on: "on"
    empty: ""
  creationTimestamp: null
spec:
  containers:
  - image: registry.example:5000/web:1.2.3
    args:
    - "-c"
    - "a: b"
    - |
      echo 1
      echo 2
    ports: []
  - env: {}
    command:
    - - x
    - - "y": 1
  priority: -5
  hostNetwork: true
  at: "2026-01-01T00:00:00Z"
`);
  });

  it.each([
    [
      'y',
      'N',
      'off',
      'Null',
      '~',
      '.inf',
      '0x1f',
      '1_000',
      '1e3',
      '22:22',
      '=',
      '<<',
      '- a',
      '# a',
      'a #b',
      'a: b',
      'a:',
    ],
    ['\n', 'a\n', 'a\n\n', '\na', ' a\nb', 'a\n b\n\n c', 'a \n', 'a\r\nb', 'a\n\u0085', 'a\n\ttab', 'a\n  '],
    [
      '\u2028',
      '\ufeff',
      '\ud83d\ude00',
      'é\nè',
      '"',
      "'",
      '\\',
      '---',
      '...\n',
      '%a',
      '@a',
      '`a',
      '!a',
      '&a',
      '*a',
      '|',
      '>',
    ],
  ])('is read as it was by readers of both versions: %j ...', (...texts) => {
    for (const each of texts) {
      const value = { [each]: each, list: [each, [each]] };
      expect(decodeYaml(text(value)).value, each).toEqual(value);
      expect(parse(text(value), { version: '1.2', uniqueKeys: false }), each).toEqual(value);
      expect(decodeYaml(text(each)).value).toEqual(each);
    }
  });

  it('is read as it was, whatever it is', () => {
    const string = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }).filter((each) => each.isWellFormed()),
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', ':', '-', '#', '1', '"', 'y'), maxLength: 8 }),
    );
    const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        string,
        fc.constantFrom(null, true, false, 0, 9007199254740993n, 1e21, 1.5e-9),
        // A float that is whole and no longer exact reads as the integer that it says, as in JSON.
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter((each) => !Number.isInteger(each) || Number.isSafeInteger(each) || each >= 1e21)
          .map((each) => each + 0),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(string, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(decodeYaml(text({ value })).value).toEqual({ value });
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps long names, deep values and what is left out', () => {
    let deep: unknown = { '': ['x', { y: 'a\nb' }] };
    for (let i = 0; i < 200; i++) deep = i % 2 ? [deep] : { a: deep, b: undefined };
    const value = { ['k'.repeat(3000)]: { deep, none: {} }, long: 'line\n'.repeat(10_000) };
    expect(decodeYaml(text(value)).value).toEqual(JSON.parse(JSON.stringify(value)));
    expect(text({ a: undefined })).toBe('{}\n');
    expect(text(value).length).toBeLessThan(100_000);
  });
});
