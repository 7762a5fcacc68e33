import { expect, test } from 'vitest';
import { citationErrors, treeOf } from './citations.ts';

const tree = treeOf([
  'core/store/store.ts',
  'core/registry/write/commit.ts',
  'docs/decisions/d1-dense-log.md',
  'docs/api.md',
]);
/** Apart, so that this file itself names nothing that is not there. */
const comment = (text: string) => `//${' '}${text}`;
const errors = (file: string, text: string) => citationErrors(file, text, tree);

test('what is there may be named: whole, from its folder on, or by its name', () => {
  const text = '// See core/store/store.ts, write/commit.ts, store.ts and core/registry (D1).';
  expect(errors('core/store/log.ts', text)).toEqual([]);
});

test.each([
  [comment('see core/store/gone.ts'), 'core/store/gone.ts'],
  [' * see gone.ts', 'gone.ts'],
  [`call(); ${comment('as in core/gone')}`, 'core/gone'],
  [comment('By decision D2.'), 'decision D2'],
])('%s is refused', (text, named) => {
  const found = errors('core/store/log.ts', text);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(named);
});

test('a range of decisions cites each of them', () => {
  expect(errors('core/a.ts', comment('Decisions D1-D3'))).toHaveLength(2);
});

test('code is not prose', () => {
  expect(errors('core/a.ts', "const path = 'core/gone.ts';")).toEqual([]);
});

test('links of a page lead somewhere', () => {
  expect(errors('docs/aws.md', 'See [the API](api.md#lists) and [that](https://example.com/x.md).')).toEqual([]);
  expect(errors('docs/aws.md', 'See [the API](apis.md).')).toContain(
    'docs/aws.md:1: a link leads to apis.md, which is not there',
  );
});
