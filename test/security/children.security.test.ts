// A child gets what childEnvironment lists, wherever the product starts one: looked up in the source, since a forgotten option means all.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tried } from '../tools/tried.ts';

const root = join(import.meta.dirname, '../..');

it('no part of the product starts a program with its own environment', () => {
  const files = globSync('{core,functions,agent,local,cli,edge}/**/*.ts', { cwd: root }).filter(
    (file) => !/\.test\.ts$|\/(testing|testdata|generate)\//.test(file),
  );
  const starting = files.filter((file) => /from 'node:child_process'/.test(readFileSync(join(root, file), 'utf8')));
  expect(starting).toContain('core/process/run.ts');
  for (const file of starting) {
    const text = readFileSync(join(root, file), 'utf8');
    const calls = text.match(/\b(spawn|spawnSync|execFile|execFileSync|exec|fork|execute)\(/g) ?? [];
    const environments = text.match(/\benv(?::| =) childEnvironment\(/g) ?? [];
    tried('places that start a program');
    expect([file, environments.length > 0, /\.\.\.process\.env/.test(text)]).toEqual([file, true, false]);
    expect(calls.length, file).toBeGreaterThan(0);
  }
});
