// What the log knows of one key: its life, who wrote it, and when.

import { beforeEach, describe, expect, it } from 'vitest';
import { pastSteps, type Store } from '../store.ts';
import { failure, put, remove, text } from './samples.ts';
import type { Suite } from './suite.ts';

export function pastContract(suite: Suite): void {
  let store: Store;
  beforeEach(() => {
    store = suite.opened.store;
  });

  /** The entries of a key as text, and what else the page says. */
  async function past(name: string, options = {}) {
    const { entries, ...rest } = await store.past('pods', name, options);
    return {
      ...rest,
      entries: entries.map(({ op, revision, value, by }) => `${op} ${revision} ${text(value)} ${by ?? '-'}`),
    };
  }

  describe('past', () => {
    it('is what a key was and is, the newest first, with who wrote it and when', async () => {
      // The clock of a test's store may stand.
      const before = Date.now() - 600_000;
      await store.commit([{ ...put('x', 0, 'one'), by: 'alice' }]);
      await store.commit([put('y', 0, 'other')]);
      await store.commit([{ ...put('x', 1, 'two'), by: 'bob' }]);
      const { entries, ...rest } = await store.past('pods', 'x');
      expect(rest).toEqual({ gone: false });
      expect(entries.map(({ value, at, ...entry }) => ({ ...entry, value: text(value) }))).toEqual([
        { op: 'put', name: 'x', revision: 3, previousRevision: 1, value: 'two', by: 'bob' },
        { op: 'put', name: 'x', revision: 1, previousRevision: 0, value: 'one', by: 'alice' },
      ]);
      for (const { at = 0 } of entries) {
        expect(at).toBeGreaterThanOrEqual(before);
        expect(at).toBeLessThanOrEqual(Date.now());
      }
    });

    it('of a deleted key is its last life, ended by who deleted it', async () => {
      await store.commit([put('x', 0, 'first')]);
      await store.commit([remove('x', 1)]);
      await store.commit([{ ...put('x', 0, 'second'), by: 'alice' }]);
      await store.commit([{ ...remove('x', 3), by: 'bob' }]);
      expect(await past('x')).toEqual({ entries: ['delete 4 second bob', 'put 3 second alice'], gone: false });
    });

    it('of a key that was made anew does not reach into its former life', async () => {
      await store.commit([put('x', 0, 'of another')]);
      await store.commit([remove('x', 1)]);
      await store.commit([put('x', 0, 'mine')]);
      expect(await past('x')).toEqual({ entries: ['put 3 mine -'], gone: false });
    });

    it('of what was never there is empty', async () => {
      expect(await past('x')).toEqual({ entries: [], gone: false });
      await store.commit([put('y', 0, '1')]);
      expect(await past('x')).toEqual({ entries: [], gone: false });
    });

    it('comes in pages, and from a revision or a time back', async () => {
      for (let i = 0; i < 5; i++) await store.commit([put('x', i, String(i + 1))]);
      const first = await past('x', { limit: 2 });
      expect(first).toEqual({ entries: ['put 5 5 -', 'put 4 4 -'], more: 3, gone: false });
      expect(await past('x', { from: first.more, limit: 9 })).toEqual({
        entries: ['put 3 3 -', 'put 2 2 -', 'put 1 1 -'],
        gone: false,
      });
      expect(await past('x', { revision: 3, limit: 1 })).toEqual({ entries: ['put 3 3 -'], more: 2, gone: false });
      expect(await past('x', { time: Date.now() + 1000, limit: 1 })).toMatchObject({ entries: ['put 5 5 -'] });
      expect(await past('x', { time: 1000 })).toEqual({ entries: [], gone: false });
      expect(pastSteps).toBeGreaterThan(5);
    });

    it('knows the newest revision of a time', async () => {
      await store.commit([put('x', 0, '1')]);
      await store.commit([put('y', 0, '1')]);
      expect(await store.revisionAt('pods', Date.now() + 1000)).toBe(2);
      expect(await store.revisionAt('pods', 1000)).toBe(0);
      expect(await store.revisionAt('nodes', Date.now())).toBe(0);
      await store.compact('pods', 2);
      await store.commit([put('x', 1, '2')]);
      await failure('compacted', store.revisionAt('pods', 1000));
    });

    it('does not go on at the entry of another key', async () => {
      await store.commit([put('x', 0, 'mine')]);
      await store.commit([put('y', 0, 'of another')]);
      expect(await past('x', { from: 2 })).toEqual({ entries: [], gone: true });
      expect(await past('x', { from: 7 })).toEqual({ entries: [], gone: true });
    });
  });
}
