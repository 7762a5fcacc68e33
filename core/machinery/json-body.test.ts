import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visitFields } from './json.ts';
import { decodeJson, decodeJsonStrict } from './json-body.ts';

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

  it('is told of every name that stands twice, wherever', () => {
    const names = fc.constantFrom('a', 'b', '__proto__', 'c\\"', '');
    const { text } = fc.letrec((tie) => ({
      text: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '-7', '"a:b,{}"', 'null', 'true'),
        fc.array(tie('text')).map((items) => `[${items.join(',')}]`),
        fc
          .array(fc.tuple(names, tie('text')))
          .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`),
      ),
    }));
    fc.assert(
      fc.property(text.map(String), (body) => {
        let again = false;
        visitFields(body, (_name, isAgain) => {
          again ||= isAgain;
        });
        const { value, duplicates } = decodeJsonStrict(body);
        expect(duplicates.length > 0).toBe(again);
        expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(body)));
      }),
    );
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
