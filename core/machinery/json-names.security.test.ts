import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { jsonValue } from './json-names.ts';

it.each(['\\\\', '\\u005c', '\\u005C', '\\u005cn', 'x\\n\\u005c'])(
  'notices a backslash that a name spells %s, as the first one of a thread',
  async (spelling) => {
    vi.resetModules();
    const fresh = await import('./json-names.ts');
    // V8 remembers the names that followed a name: each case has a first one of its own.
    const text = (key: string) => `{"after ${spelling}":1,"${key}":2}`;
    fresh.jsonValue(text(spelling));
    for (const name of ['\\n', '\\u005cn', 'x\\n\\\\'])
      expect(Object.keys(fresh.jsonValue(text(name)) as object)[1]).toBe(JSON.parse(`"${name}"`));
  },
);

it.each(['\\n', '\\"', '\\t', '\\u000a'])('reads the name %s, whichever names were read before', (name) => {
  const text = (key: string) => `{"a":1,"${key}":2}`;
  jsonValue(text('\\\\'));
  jsonValue(text(JSON.stringify(name).slice(1, -1)));
  const value = jsonValue(text(name)) as object;
  expect(Object.keys(value)).toEqual(['a', JSON.parse(`"${name}"`)]);
});

it('reads what was written', () => {
  const key = fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('\\', '\\n', '\n', '"', '__proto__', 'a', ',"'));
  const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ maxLength: 4 }),
      fc.constantFrom(1, -1.5e300, true, null, '{"a\\n":[1]}'),
      fc.array(tie('value'), { maxLength: 4 }),
      // Entries, so that names are of the order and the kind that they are written in.
      fc.uniqueArray(fc.tuple(key, tie('value')), { selector: ([each]) => each, maxLength: 4 }).map((entries) => {
        const object: Record<string, unknown> = {};
        for (const [each, value] of entries)
          Object.defineProperty(object, each, { value, writable: true, enumerable: true, configurable: true });
        return object;
      }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(JSON.stringify(jsonValue(text), null, indent)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

it('reads a value that is nested deeper than the stack', () => {
  jsonValue('{"\\\\":1}');
  const text = `${'[{"a\\n":'.repeat(50_000)}1${'}]'.repeat(50_000)}`;
  let depth = 0;
  for (let value = jsonValue(text); Array.isArray(value); value = Object.values(value[0] as object)[0]) depth++;
  expect(depth).toBe(50_000);
});
