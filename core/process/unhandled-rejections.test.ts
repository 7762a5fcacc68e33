import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const module = JSON.stringify(join(import.meta.dirname, 'unhandled-rejections.ts'));

function run(program: string) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

describe('a rejection that nobody waits for', () => {
  it('ends a process, and not one that survives it: there it is logged', () => {
    const program = `
      Promise.reject(new Error('lost'));
      setTimeout(() => console.log('goes on'), 20);`;
    expect(run(program).status).not.toBe(0);
    const survivor = run(`
      import { surviveUnhandledRejections } from ${module};
      surviveUnhandledRejections({ error: ({ err }, text) => console.log(err.message, text) });
      ${program}`);
    expect(survivor.stdout).toMatch(/lost a promise was rejected.*\ngoes on/);
    expect(survivor.status).toBe(0);
  });

  it('does not hide an exception', () => {
    const { status } = run(`
      import { surviveUnhandledRejections } from ${module};
      surviveUnhandledRejections({ error() {} });
      setTimeout(() => { throw new Error('thrown'); }, 1);`);
    expect(status).not.toBe(0);
  });
});
