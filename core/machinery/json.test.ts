import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, decodeJsonStrict } from './json.ts';

describe('a JSON body', () => {
  it.each([
    ['{"a": 1, "a": 2}', ['a']],
    ['{"spec": {"replicas": 1, "x": "}", "replicas": 2}}', ['spec.replicas']],
    ['{"a": [{"b": 1}, {"b": "a,b", "c": [1, 2], "b": 2}]}', ['a[1].b']],
    ['{"a\\"": 1, "a\\u0022": 2}', ['a"']],
    ['[{"a": 1, "a": 1, "a": 1}]', ['[0].a']],
    ['{"a": {"b": 1}, "b": {"a": "\\\\"}, "c": ["a", "a"]}', []],
  ])('%s has the duplicates %j', (text, duplicates) => {
    expect(decodeJsonStrict(text)).toEqual({ value: JSON.parse(text), duplicates });
  });

  it('without duplicates has none', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decodeJsonStrict(text).duplicates).toEqual([]);
      }),
    );
  });

  it.each(['', '{', '{"a": 01}', '{"a":1,}'])('%j is refused', (text) => {
    expect(() => decodeJson(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('must be UTF-8', () => {
    expect(() => decodeJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('the body is no valid UTF-8');
  });
});
