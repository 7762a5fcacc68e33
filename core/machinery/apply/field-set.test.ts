import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  type FieldSet,
  intersection,
  isEmpty,
  members,
  setOf,
  setsEqual,
  union,
  withoutSubtrees,
} from './field-set.ts';
import { decodeFields } from './fields-v1.ts';

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1', 'i:0'), { minLength: 1, maxLength: 3 });
const paths = fc.array(path, { maxLength: 6 });

const texts = (set: FieldSet) => new Set([...members(set)].map((each) => each.join('/')));
const textsOf = (list: string[][]) => new Set(list.map((each) => each.join('/')));

describe('field sets', () => {
  it('hold the paths that they are made of, in one form', () => {
    fc.assert(
      fc.property(paths, (list) => {
        const set = setOf(...list);
        expect(texts(set)).toEqual(textsOf(list));
        expect(JSON.stringify(setOf(...list.toReversed()))).toBe(JSON.stringify(set));
        expect(decodeFields(JSON.parse(JSON.stringify(set)))).toEqual(set);
      }),
    );
  });

  it('unite, differ and intersect as sets of paths do', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const [a, b] = [setOf(...left), setOf(...right)];
        const [x, y] = [textsOf(left), textsOf(right)];
        expect(texts(union(a, b))).toEqual(x.union(y));
        expect(texts(difference(a, b))).toEqual(x.difference(y));
        expect(texts(intersection(a, b))).toEqual(x.intersection(y));
        expect(isEmpty(difference(a, b))).toBe(x.isSubsetOf(y));
        expect(setsEqual(a, b)).toBe(x.symmetricDifference(y).size === 0);
        if (y.isSubsetOf(x)) expect(union(a, b)).toBe(a);
        if (x.isDisjointFrom(y)) expect(difference(a, b)).toBe(a);
      }),
    );
  });

  it('lose whole subtrees', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const roots = right.map((each) => each.join('/'));
        const kept = [...textsOf(left)].filter((each) => !roots.some((root) => `${each}/`.startsWith(`${root}/`)));
        expect(texts(withoutSubtrees(setOf(...left), setOf(...right)))).toEqual(new Set(kept));
      }),
    );
  });

  it.each([null, [], { a: {} }, { 'f:a': 1 }, { 'k:x': {} }, { 'i:x': {} }, { 'v:': {} }, { 'f:a': { 'k:[]': {} } }])(
    '%j is no set',
    (json) => {
      expect(decodeFields(json)).toBeUndefined();
    },
  );

  it('are decoded into the form that they are compared in', () => {
    expect(decodeFields({ 'k:{"b": 1, "a": "x"}': { '.': {} }, 'f:z': {}, 'f:a': {} })).toEqual({
      'f:a': {},
      'f:z': {},
      'k:{"a":"x","b":1}': {},
    });
  });
});
