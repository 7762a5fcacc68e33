import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { deepClone, deepFreeze } from './equality.ts';
import { applyJsonPatch, patchProblem } from './json-patch.ts';
import { formatPointer } from './json-pointer.ts';

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

describe('JSON Patch', () => {
  // Appendix A of RFC 6902.
  it.each([
    ['A.1 add to an object', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    [
      'A.2 add to a list',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 remove from an object', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 remove from a list',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replace',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 move',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 move in a list',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 test',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 add a nested object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 ignore unknown members',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    ['A.14 escapes', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      'A.16 add a list',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
    ['the whole document', { foo: 1 }, [{ op: 'replace', path: '', value: { bar: 2 } }], { bar: 2 }],
    ['null values', { foo: null }, [{ op: 'replace', path: '/foo', value: 1 }], { foo: 1 }],
  ])('%s', (_name, document, patch, expected) => {
    expect(applyJsonPatch(deepFreeze(document), patch)).toEqual(expected);
  });

  it.each([
    ['A.9 a failed test', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }], 'testing value /baz failed'],
    [
      'A.12 a missing parent',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz/bat', value: 'qux' }],
      'add operation does not apply: doc is missing path: "/baz/bat"',
    ],
    ['A.15 a string for a number', { '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }], 'test failed'],
    ['a missing field', {}, [{ op: 'remove', path: '/a' }], 'doc is missing path: "/a"'],
    ['an index beyond the end', { a: [] }, [{ op: 'add', path: '/a/1', value: 0 }], 'missing'],
    ['an index with a leading zero', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }], 'missing'],
    ['a move into itself', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }], 'into itself'],
    ['inherited fields', {}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 'missing'],
    ['methods', {}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }], 'missing'],
  ])('%s fails as Invalid', (_name, document, patch, message) => {
    const error = thrownBy(() => applyJsonPatch(document, patch));
    // Kubernetes says no more than that.
    expect(error).toMatchObject({
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
      details: {},
    });
    expect(patchProblem(error)).toContain(message);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it.each([
    ['no list', {}],
    ['no object', [1]],
  ])('a patch that is %s is a bad request', (_name, patch) => {
    expect(() => applyJsonPatch({ a: 1 }, patch)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it.each([
    ['an unknown op', [{ op: 'spam', path: '/a' }]],
    ['no pointer', [{ op: 'remove', path: 'a' }]],
    ['no from', [{ op: 'move', path: '/a' }]],
    ['an inherited op', [Object.create({ op: 'remove', path: '/a' })]],
  ])('an operation that has %s cannot be processed', (_name, patch) => {
    expect(() => applyJsonPatch({ a: 1 }, patch)).toThrow(expect.objectContaining({ reason: 'Invalid', code: 422 }));
  });

  it('takes a value that is missing for null', () => {
    expect(applyJsonPatch({ a: 1 }, [{ op: 'add', path: '/b' }])).toEqual({ a: 1, b: null });
  });

  it('sets a field called __proto__ as a field', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
    expect(Object.keys(result as object)).toEqual(['__proto__']);
    expect((result as { polluted?: number }).polluted).toBeUndefined();
  });

  it('bounds the number of operations and what copies add', () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }));
    expect(() => applyJsonPatch({}, many)).toThrow(expect.objectContaining({ reason: 'RequestEntityTooLarge' }));
    const doubling = Array.from({ length: 30 }, (_, i) => ({ op: 'copy', from: '', path: `/x${i}` }));
    expect(patchProblem(thrownBy(() => applyJsonPatch({ a: 'x'.repeat(100) }, doubling)))).toContain(
      'copies add more than',
    );
  });

  it('agrees with another implementation on random documents and operations', () => {
    const key = fc.constantFrom('a', 'b', 'c~d', 'e/f', '0', '1');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.integer({ min: 0, max: 3 }), tie('list'), tie('map')),
      list: fc.array(tie('value'), { maxLength: 3 }),
      map: fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    }));
    const pointer = fc.array(key, { minLength: 1, maxLength: 3 }).map(formatPointer);
    const operation = fc.oneof(
      fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path: pointer, value }),
      fc.record({ op: fc.constant('remove' as const), path: pointer }),
      fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), path: pointer, from: pointer }),
    );
    let applied = 0;
    fc.assert(
      fc.property(value, operation, (document, each) => {
        // The oracle moves into itself, and looks a list's index up before it takes the item away.
        if (each.op === 'move' && (each.path.startsWith(each.from) || JSON.stringify(document).includes('['))) return;
        const copy = deepClone(document);
        const failed = oracleError(copy, each);
        let result: unknown;
        try {
          result = applyJsonPatch(deepFreeze(document), [each]);
        } catch {
          if (!failed) expect(isKnownDeviation(document, each)).toBe(true);
          return;
        }
        if (failed) return expect.fail(`the other implementation refuses ${JSON.stringify(each)}: ${failed}`);
        applied++;
        expect(result).toEqual(copy);
      }),
      { numRuns: 3000 },
    );
    expect(applied).toBeGreaterThan(100);
  });
});

/** Changes the document in place; gives what went wrong. It throws where a parent is a scalar. */
function oracleError(document: unknown, operation: object): string | undefined {
  try {
    // Its types want the values as any.
    return applyPatch(document, [deepClone(operation) as never])[0]?.message;
  } catch (error) {
    return String(error);
  }
}

/** The oracle lets fields be set on lists and scalars; the RFC does not. */
function isKnownDeviation(document: unknown, { path }: { path: string }): boolean {
  const parent = path
    .split('/')
    .slice(1, -1)
    .reduce<unknown>(
      (value, token) => (value as Record<string, unknown>)?.[token.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );
  return typeof parent !== 'object' || Array.isArray(parent);
}
