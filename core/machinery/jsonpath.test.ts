import { describe, expect, it } from 'vitest';
import { compileJsonPath, jsonPathText, simplePath } from './jsonpath.ts';

const object = {
  kind: 'List',
  metadata: { annotations: { 'example.com/a': 'x' } },
  items: [
    { name: 'a', size: 1, ready: true, tags: ['p', 'q'] },
    { name: 'b', size: 2, ready: false },
    { name: 'c', size: 3 },
  ],
};

describe('a JSON path', () => {
  it.each([
    ['.kind', ['List']],
    ['{.kind}', ['List']],
    ['{$.kind}', ['List']],
    ['kind', ['List']],
    ['.items[0].name', ['a']],
    ['.items[-1].name', ['c']],
    ['.items[*].name', ['a', 'b', 'c']],
    ['.items[0:2].name', ['a', 'b']],
    ['.items[::2].name', ['a', 'c']],
    ['.items[0,2].name', ['a', 'c']],
    ["['kind','metadata']", ['List', object.metadata]],
    ['..name', ['a', 'b', 'c']],
    ['.items[?(@.size>1)].name', ['b', 'c']],
    ['.items[?(@.name=="b")].size', [2]],
    ['.items[?(@.name!="b")].size', [1, 3]],
    ['.items[?(@.ready==true)].name', ['a']],
    ['.items[?(@.ready)].name', ['a', 'b']],
    ['.items[?(@.tags[0]=="p")].name', ['a']],
    ['.metadata.annotations.example\\.com/a', ['x']],
    [".metadata.annotations['example.com/a']", ['x']],
    ['.missing.field', []],
    ['.items[7]', []],
    ['.constructor', []],
    ['.metadata.*', [object.metadata.annotations]],
  ])('%s', (path, expected) => {
    expect([...compileJsonPath(path)(object)]).toEqual(expected);
  });

  it.each(['', '.a[', '.a[b]', '.a]', '.a[?(@.b==)]', ".a['b", '.a b', '.a[0:1:0]', '.a[?(@.b'])(
    '%j is refused',
    (path) => {
      expect(() => compileJsonPath(path)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    },
  );

  it('may be simple', () => {
    expect(simplePath('.spec.color')).toEqual(['spec', 'color']);
    expect(simplePath('.spec.colors[0]')).toBeUndefined();
  });

  it('gives text', () => {
    expect(jsonPathText(['a', 1, true, { b: [] }])).toBe('a 1 true {"b":[]}');
  });
});
