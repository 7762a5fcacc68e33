// docs/security.md names the tests that show what it says: each is there, and none is left out.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('names every security test, and none that is not there', () => {
  const text = readFileSync(join(root, 'docs/security.md'), 'utf8');
  const named = new Set(text.match(/[\w./-]+\.test\.ts/g));
  const there = globSync('{core,functions,agent,edge,infra,local,cli,test}/**/*.test.ts', { cwd: root });
  const tests = there.filter(
    (each) => each.endsWith('.security.test.ts') && !each.endsWith('documented.security.test.ts'),
  );
  expect(tests.filter((each) => !named.has(each))).toEqual([]);
  expect([...named].filter((each) => !there.includes(each))).toEqual([]);
});
