import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EmbeddedStore, openEmbeddedStore } from './embedded-store.ts';

let folder: string;
let now: number;
let store: EmbeddedStore;

const open = () => openEmbeddedStore(join(folder, 'store.db'), { now: () => now, tickMs: 0 });
const put = (type: string, name: string) =>
  store.commit([{ op: 'put', type, name, expect: 'any', value: { bytes: Buffer.from('x') } }]);
const timesOf = async (type: string, name: string) => (await store.past(type, name)).entries.map(({ at }) => at);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-past-'));
  now = 1_700_000_000_000;
  store = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

it('times do not fall with a clock that is set back, nor while nothing runs', async () => {
  const first = now;
  await put('things', 'x');
  now -= 30_000;
  await put('others', 'y');
  await store.close();
  store = open();
  now -= 30_000;
  await put('things', 'x');
  expect(await timesOf('others', 'y')).toEqual([first]);
  expect(await timesOf('things', 'x')).toEqual([first, first]);
  now = first + 1;
  await put('things', 'x');
  expect(await timesOf('things', 'x')).toEqual([first + 1, first, first]);
  expect(await store.revisionAt('things', first)).toBe(2);
});

it('times start anew after a clock that was an hour wrong', async () => {
  await put('things', 'x');
  now -= 3_600_000;
  await put('things', 'x');
  expect((await timesOf('things', 'x'))[0]).toBe(now);
});
