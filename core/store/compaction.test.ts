import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compactionTarget, startCompaction } from './compaction.ts';
import { openEmbeddedStore } from './embedded/embedded-store.ts';

const policy = { keepMs: 1000, keepEntries: 10, maximumEntries: 100 };

describe('the target', () => {
  it('is what was already there when the time to keep began', () => {
    const marks = [
      { atMs: 0, head: 20 },
      { atMs: 900, head: 40 },
      { atMs: 2000, head: 80 },
    ];
    expect(compactionTarget(marks, 2000, policy)).toBe(40);
    expect(compactionTarget(marks, 1500, policy)).toBe(20);
  });

  it('leaves a quiet type its newest entries', () => {
    const marks = [
      { atMs: 0, head: 15 },
      { atMs: 9000, head: 15 },
    ];
    expect(compactionTarget(marks, 9000, policy)).toBe(5);
    expect(compactionTarget([{ atMs: 0, head: 4 }], 9000, policy)).toBe(0);
  });

  it('bounds the log under a storm, however young it is', () => {
    expect(compactionTarget([{ atMs: 5000, head: 500 }], 5000, policy)).toBe(400);
  });

  it('knows nothing of a type that it just met', () => {
    expect(compactionTarget([{ atMs: 5000, head: 50 }], 5000, policy)).toBe(0);
    expect(compactionTarget([], 5000, policy)).toBe(0);
  });
});

it('compacts every type by what it saw of its head over time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-compaction-'));
  const store = openEmbeddedStore(join(folder, 'store.db'), { tickMs: 0 });
  let now = 0;
  const compaction = startCompaction(store, { policy, now: () => now, everyMs: 1_000_000 });
  try {
    const write = async (type: string, count: number) => {
      for (let i = 0; i < count; i++)
        await store.commit([{ op: 'put', type, name: 'x', expect: 'any', value: { bytes: Buffer.from('x') } }]);
    };
    await write('a', 30);
    await write('b', 5);
    await compaction.run();
    expect(await store.compacted('a')).toBe(0);
    now = 1500;
    await write('a', 30);
    await compaction.run();
    expect(await store.compacted('a')).toBe(30);
    expect(await store.compacted('b')).toBe(0);
  } finally {
    compaction.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
