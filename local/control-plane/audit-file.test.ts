import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAuditFile } from './audit-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let time = Date.parse('2026-05-01T10:00:00Z');
const failures: unknown[] = [];
const open = (more: { maxBytes?: number; maxBackups?: number; maxAgeDays?: number } = {}) =>
  openAuditFile({
    path: join(folder, 'audit.log'),
    maxBytes: 1000,
    maxBackups: 0,
    maxAgeDays: 0,
    now: () => time,
    onError: (error) => failures.push(error),
    ...more,
  });
const read = (name = 'audit.log') => readFileSync(join(folder, name), 'utf8');

it('appends lines in their order, to what an earlier start left', async () => {
  for (const text of ['first', 'second']) {
    const file = open();
    file.write(text);
    file.write(`${text} again`);
    await file.close();
  }
  expect(read()).toBe('first\nfirst again\nsecond\nsecond again\n');
});

it('sets full files aside under the time of their end, and keeps as many, for as long, as it is told', async () => {
  const file = open({ maxBytes: 20, maxBackups: 2, maxAgeDays: 3 });
  const write = async (text: string) => {
    file.write(text.repeat(15));
    await file.close();
    time += 86_400_000;
  };
  for (const text of ['a', 'b', 'c', 'd']) await write(text);
  expect(readdirSync(folder).sort()).toEqual([
    'audit-2026-05-03T10-00-00.000.log',
    'audit-2026-05-04T10-00-00.000.log',
    'audit.log',
  ]);
  expect(read()).toBe(`${'d'.repeat(15)}\n`);
  expect(read('audit-2026-05-04T10-00-00.000.log')).toBe(`${'c'.repeat(15)}\n`);
  time += 30 * 86_400_000;
  await write('e');
  expect(readdirSync(folder).filter((name) => name !== 'audit.log')).toHaveLength(1);
});

it('says once that it cannot write, counts what is lost, and goes on when it can', async () => {
  const path = join(folder, 'audit.log');
  mkdirSync(path);
  const file = open({ maxBytes: 1_000_000 });
  for (const text of ['lost', 'lost too']) {
    file.write(text);
    await file.close();
  }
  expect(failures).toHaveLength(1);
  expect(file.lost?.()).toBe(2);
  rmSync(path, { recursive: true });
  file.write('kept');
  await file.close();
  expect(read()).toBe('kept\n');
});
