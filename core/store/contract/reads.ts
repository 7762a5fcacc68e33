// What get and list promise, at the newest and at older revisions.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../store.ts';
import { byName, failure, generator, names, put, readable, remove, text } from './samples.ts';
import type { Suite } from './suite.ts';

export function readsContract(suite: Suite): void {
  let store: Store;
  beforeEach(() => {
    store = suite.opened.store;
  });

  describe('get', () => {
    it('finds nothing in a type that was never written', async () => {
      expect(await store.get('pods', 'x')).toBeUndefined();
      expect(await store.head('pods')).toBe(0);
      expect((await store.bounds('pods')).compacted).toBe(0);
      expect(await store.list('pods')).toEqual({ items: [], revision: 0, more: false });
      expect(await store.log('pods', 0)).toEqual({ entries: [], through: 0, head: 0 });
    });
  });

  describe('list', () => {
    beforeEach(async () => {
      await store.commit(
        ['b/2', 'a/1', 'b/1', 'a/2', 'c/1', 'b', 'b0', 'é/1', '😀/1', '\uffee/1'].map((n) => put(n, 0, n)),
      );
    });

    it('is in order of names, by code point', async () => {
      expect(await names(store)).toEqual(['a/1', 'a/2', 'b', 'b/1', 'b/2', 'b0', 'c/1', 'é/1', '\uffee/1', '😀/1']);
    });

    it('keeps to a prefix', async () => {
      expect(await names(store, { prefix: 'b/' })).toEqual(['b/1', 'b/2']);
      expect(await names(store, { prefix: 'z' })).toEqual([]);
    });

    it('continues after a name, and says whether there is more', async () => {
      const first = await store.list('pods', { limit: 4 });
      expect(first.items.map((item) => item.name)).toEqual(['a/1', 'a/2', 'b', 'b/1']);
      expect(first.more).toBe(true);
      const last = await store.list('pods', { limit: 6, after: 'b/1', revision: first.revision });
      expect(last.items).toHaveLength(6);
      expect(last.more).toBe(false);
      const within = await store.list('pods', { prefix: 'b/', after: 'b/1', limit: 1 });
      expect(within.items.map((item) => item.name)).toEqual(['b/2']);
      expect(within.more).toBe(false);
    });
  });

  describe.skipIf(suite.options.olderRevisions === false)('list at a revision', () => {
    it('is exactly the state at every revision, page by page', async () => {
      const random = generator(42);
      const states: Map<string, string>[] = [new Map()];
      for (let revision = 1; revision <= 120; revision++) {
        const state = new Map(states[revision - 1]);
        const name = `${'ab'[random(2)]}/${random(12)}`;
        if (state.has(name) && random(3) === 0) {
          state.delete(name);
          await store.commit([remove(name, 'any')]);
        } else {
          state.set(name, String(revision));
          await store.commit([put(name, 'any', String(revision))]);
        }
        states.push(state);
      }
      for (const prefix of ['', 'a/', 'b/1'])
        for (let revision = 0; revision <= 120; revision++) {
          const read = new Map<string, string>();
          for (let after = '', more = true; more; ) {
            const page = await store.list('pods', { prefix, after, limit: 5, revision });
            expect(page.revision).toBe(revision);
            for (const item of page.items) read.set(item.name, text(item.value));
            after = page.items.at(-1)?.name ?? after;
            more = page.more;
          }
          const wanted = [...(states[revision] ?? [])].filter(([n]) => n.startsWith(prefix)).sort(byName);
          expect([...read]).toEqual(wanted);
        }
    });

    it('goes on exactly while others write, until it is compacted', async () => {
      await store.commit(['a', 'b', 'c', 'd'].map((n) => put(n, 0, 'old')));
      const first = await store.list('pods', { limit: 2 });
      await store.commit([put('c', 'any', 'new'), remove('d', 'any'), put('e', 0, 'new')]);
      const second = await store.list('pods', { limit: 2, after: 'b', revision: first.revision });
      expect(second.items.map(readable)).toEqual([
        { name: 'c', revision: 3, value: 'old' },
        { name: 'd', revision: 4, value: 'old' },
      ]);
      expect(second.more).toBe(false);
      await store.compact('pods', 5);
      const data = await failure('compacted', store.list('pods', { limit: 2, after: 'b', revision: 4 }));
      expect(data).toEqual({ type: 'pods', compactedRevision: 5 });
    });
  });
}
