import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stated } from './catalogue.ts';
import { conformancePage, page } from './table.ts';

it('docs/conformance.md counts the tests that are here', () => {
  expect(readFileSync(page, 'utf8')).toBe(conformancePage(stated()));
});
