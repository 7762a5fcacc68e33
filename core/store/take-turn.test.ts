import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from './embedded/embedded-store.ts';
import { takeTurn } from './take-turn.ts';

it('gives a turn to one of those who ask, once in so long', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-turn-'));
  const store = openEmbeddedStore(join(folder, 'store.db'), { tickMs: 0 });
  try {
    const ask = (nowMs: number) => takeTurn(store, 'sweep', 1000, nowMs);
    const first = await Promise.all([ask(5000), ask(5000), ask(5001)]);
    expect(first.filter((each) => each)).toHaveLength(1);
    expect(await ask(5900)).toBe(false);
    expect(await ask(6100)).toBe(true);
    expect(await takeTurn(store, 'other', 1000, 5000)).toBe(true);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
