import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from './embedded-store.ts';

const writer = join(import.meta.dirname, 'testdata', 'crash-writer.ts');

it('loses nothing that was answered when the process is killed at any moment', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-crash-'));
  const path = join(folder, 'store.db');
  /** name -> the highest revision that was answered. */
  const answered = new Map<string, { revision: number; value: string }>();
  let total = 0;
  try {
    for (let round = 0; round < 6; round++) {
      const lines = await runUntilKilled(path, round, 20 + 60 * round);
      for (const line of lines) {
        const { name, revision, value } = JSON.parse(line);
        total++;
        if ((answered.get(name)?.revision ?? 0) < revision) answered.set(name, { revision, value });
      }
      const store = openEmbeddedStore(path, { tickMs: 0 });
      const head = await store.head('things');
      const compacted = (await store.bounds('things')).compacted;

      const folded = new Map(
        (await store.list('things', { revision: compacted })).items.map((i) => [i.name, i.revision]),
      );
      let expected = compacted;
      for (let through = compacted; through < head; ) {
        const page = await store.log('things', through);
        for (const entry of page.entries) {
          expect(entry.revision).toBe(++expected);
          expect(entry.previousRevision).toBe(folded.get(entry.name) ?? 0);
          if (entry.op === 'put') folded.set(entry.name, entry.revision);
          else folded.delete(entry.name);
        }
        through = page.through;
      }
      expect(expected).toBe(head);
      const { items } = await store.list('things');
      expect(items.map((item) => [item.name, item.revision])).toEqual([...folded].sort());

      for (const [name, last] of answered) {
        const item = items.find((candidate) => candidate.name === name);
        expect(head).toBeGreaterThanOrEqual(last.revision);
        // It may have been replaced or deleted by a later commit that was not answered, never lost.
        if (item?.revision === last.revision) expect(Buffer.from(item.value).toString()).toBe(last.value);
        else if (item) expect(item.revision).toBeGreaterThan(last.revision);
        else expect(await deletedAfter(store, name, last.revision, compacted)).toBe(true);
      }
      // Pairs are written in one commit: both or neither.
      const pairs = items
        .filter((item) => item.name.startsWith('pair-'))
        .map((item) => Buffer.from(item.value).toString());
      expect(new Set(pairs).size).toBeLessThanOrEqual(1);
      await store.close();
    }
    expect(total).toBeGreaterThan(100);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Answers are deletes too (value ''), or a delete was in flight when the process was killed. */
async function deletedAfter(
  store: ReturnType<typeof openEmbeddedStore>,
  name: string,
  revision: number,
  compacted: number,
): Promise<boolean> {
  if (revision <= compacted) return true;
  for (let through = revision - 1; ; ) {
    const page = await store.log('things', through);
    if (page.entries.some((entry) => entry.op === 'delete' && entry.name === name)) return true;
    if (page.through >= page.head) return false;
    through = page.through;
  }
}

/** Starts a writer, kills it with SIGKILL `afterMs` after its first answer, and returns what it answered. */
function runUntilKilled(path: string, seed: number, afterMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, path, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
      output += chunk.toString();
    });
    child.once('error', reject);
    // The last line may be cut: only whole ones count as answered.
    child.once('close', () => resolve(output.split('\n').slice(0, -1)));
  });
}
