import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stated } from './catalogue.ts';
import { missingTests, onceFailing } from './once-failing.ts';
import { conformancePage, page } from './table.ts';

it('docs/conformance.md counts the tests that are here', () => {
  expect(readFileSync(page, 'utf8')).toBe(conformancePage(stated()));
});

it('what the suite once found has the tests that are named', () => {
  expect(onceFailing.filter(({ tests }) => tests.length === 0)).toEqual([]);
  expect(missingTests()).toEqual([]);
});
