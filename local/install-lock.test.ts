import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zp-lock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const lock = join(import.meta.dirname, 'install-lock.mjs');
/** Notes when it began and when it ended; its work lasts until there is a file `go`. */
const program = `
import { appendFileSync, existsSync } from 'node:fs';
import { inTurn } from ${JSON.stringify(lock)};
const [folder, name] = process.argv.slice(1);
inTurn(folder, 'test', () => appendFileSync(folder + '/waits', name), () => {
  appendFileSync(folder + '/said', '<' + name);
  while (!existsSync(folder + '/go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  appendFileSync(folder + '/said', name + '>');
});
`;

function start(name: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder, name], { stdio: 'inherit' });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended };
}
const read = (file: string) => {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return '';
  }
};

it('lets one process at a time work, and the others wait', async () => {
  const all = ['a', 'b', 'c', 'd'].map((name) => start(name));
  await expect.poll(() => [...read('waits')].length).toBe(3);
  expect(read('said')).toMatch(/^<[a-d]$/);
  writeFileSync(join(folder, 'go'), '');
  expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  expect(read('said')).toMatch(/^(<([a-d])\2>){4}$/);
});

it('is held by nobody who was killed', async () => {
  const first = start('a');
  await expect.poll(() => read('said')).toBe('<a');
  const others = ['b', 'c'].map((name) => start(name));
  await expect.poll(() => [...read('waits')].length).toBe(2);
  first.child.kill('SIGKILL');
  await first.ended;
  await expect.poll(() => read('said')).toMatch(/^<a<[bc]$/);
  writeFileSync(join(folder, 'go'), '');
  await Promise.all(others.map(({ ended }) => ended));
  expect(read('said')).toMatch(/^<a(<([bc])\2>){2}$/);
});

it('is not held by a process that has the number of its dead owner, and leaves one file', async () => {
  // This process has the number, and started at another time.
  writeFileSync(join(folder, '.test.lock.7'), `${process.pid} 1`);
  writeFileSync(join(folder, '.test.lock.3'), `${process.pid} 1`);
  writeFileSync(join(folder, 'go'), '');
  expect(await start('a').ended).toBe(0);
  expect(read('said')).toBe('<aa>');
  expect(readdirSync(folder).filter((each) => each.includes('.lock.'))).toEqual(['.test.lock.8']);
});
