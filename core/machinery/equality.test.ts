import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepClone, deepEqual, deepFreeze } from './equality.ts';

describe('JSON values', () => {
  it('are equal to their copies, and only to values of the same text', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (left, right) => {
        const a = JSON.parse(JSON.stringify(left));
        const b = JSON.parse(JSON.stringify(right));
        expect(deepEqual(a, deepClone(a))).toBe(true);
        expect(deepEqual(a, b)).toBe(deepEqual(b, a));
        if (JSON.stringify(a) === JSON.stringify(b)) expect(deepEqual(a, b)).toBe(true);
        expect(deepEqual([a, 1], [b, 2])).toBe(false);
      }),
    );
  });

  it('are equal whatever the order of fields, with undefined as absent', () => {
    expect(deepEqual({ a: 1, b: [{}] }, { b: [{}], a: 1, c: undefined })).toBe(true);
    expect(deepEqual({ a: undefined, b: 1 }, { a: 1, b: 1 })).toBe(false);
    expect(deepEqual({}, [])).toBe(false);
    expect(deepEqual({ toString: 1 }, {})).toBe(false);
    expect(deepEqual({ a: null }, {})).toBe(false);
  });

  it('are frozen all the way down', () => {
    const value = deepFreeze({ a: [{ b: 1 }] });
    expect(() => Object.assign(value.a[0]!, { b: 2 })).toThrow(TypeError);
  });

  it('are copied with a field called __proto__', () => {
    const copy = deepClone(JSON.parse('{"__proto__": {"x": 1}}'));
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"x":1}}');
  });
});
