import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCompaction } from './compaction.ts';
import { type EmbeddedStore, openEmbeddedStore } from './embedded/embedded-store.ts';
import { readHistory } from './history.ts';

const hourMs = 3_600_000;
const policy = { keepMs: 2 * hourMs, keepEntries: 10, maximumEntries: 100 };

let folder: string;
let store: EmbeddedStore;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-compaction-'));
  now = Date.parse('2026-03-01T00:00:00Z');
  store = openEmbeddedStore(join(folder, 'store.db'), { tickMs: 0, now: () => now });
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function write(type: string, count: number) {
  for (let i = 0; i < count; i++)
    await store.commit([{ op: 'put', type, name: 'x', expect: 'any', value: { bytes: Buffer.from('x') } }]);
}

async function compactOnce() {
  // As after a restart: what it knows it has from the log.
  const compaction = startCompaction(store, { policy, now: () => now, everyMs: 1_000_000 });
  try {
    await compaction.run();
  } finally {
    compaction.stop();
  }
}

describe('compaction', () => {
  it('forgets what is older than the time to keep, also after a restart', async () => {
    await write('a', 30);
    await write('b', 5);
    await compactOnce();
    expect((await store.bounds('a')).compacted).toBe(0);
    now += 1.5 * hourMs;
    await write('a', 20);
    now += 1.5 * hourMs;
    await compactOnce();
    expect([(await store.bounds('a')).compacted, (await store.bounds('b')).compacted]).toEqual([30, 0]);
    await compactOnce();
    expect((await store.bounds('a')).compacted).toBe(30);
  });

  it('leaves a quiet type its newest entries', async () => {
    await write('a', 15);
    now += 9 * hourMs;
    await compactOnce();
    expect((await store.bounds('a')).compacted).toBe(5);
  });

  it('bounds the log under a storm, however young it is', async () => {
    await write('a', 150);
    await compactOnce();
    expect((await store.bounds('a')).compacted).toBe(50);
  });

  it('keeps ten minutes of events, of leases, and of what is nobody’s to ask for', async () => {
    const types = ['events', 'coordination.k8s.io/leases', 'zeroplane/claims', 'configmaps'];
    for (const type of types) await write(type, 30);
    now += hourMs;
    for (const type of types) await write(type, 30);
    await compactOnce();
    expect(await Promise.all(types.map(async (type) => (await store.bounds(type)).compacted))).toEqual([30, 30, 30, 0]);
  });
});

it('the time to keep is read in minutes, hours or days', () => {
  expect(['7d', '36h', '90m'].map(readHistory)).toEqual([168 * hourMs, 36 * hourMs, 1.5 * hourMs]);
  for (const text of ['', '7', '0d', '-1d', '1w', '1.5d', '7d ', '99999d']) expect(readHistory(text)).toBeUndefined();
});
