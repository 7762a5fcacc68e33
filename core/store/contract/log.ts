// What the log promises: no gaps, compaction, expiry through it, and notices of commits.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Put, Store } from '../store.ts';
import { bytes, entries, failure, names, put, readable, remove } from './samples.ts';
import type { Suite } from './suite.ts';

export function logContract(suite: Suite): void {
  let store: Store;
  beforeEach(() => {
    store = suite.opened.store;
  });

  describe('log', () => {
    it('holds every write of its type, in order, with what each replaced', async () => {
      await store.commit([put('x', 0, 'one'), put('n', 0, 'node', 'nodes')]);
      await store.commit([put('x', 1, 'two')]);
      await store.commit([remove('x', 2)]);
      expect(await entries(store)).toEqual([
        { op: 'put', name: 'x', revision: 1, previousRevision: 0, value: 'one' },
        { op: 'put', name: 'x', revision: 2, previousRevision: 1, value: 'two' },
        { op: 'delete', name: 'x', revision: 3, previousRevision: 2, value: 'two' },
      ]);
    });

    it('comes in pages that join without a gap', async () => {
      for (let i = 0; i < 7; i++) await store.commit([put('x', 'any', String(i))]);
      const read: number[] = [];
      let through = 0;
      for (let head = 7; through < head; ) {
        const page = await store.log('pods', through, 3);
        head = page.head;
        expect(page.entries.length).toBeLessThanOrEqual(3);
        expect(page.through).toBe(page.entries.at(-1)?.revision);
        read.push(...page.entries.map((entry) => entry.revision));
        through = page.through;
      }
      expect(read).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(await store.log('pods', 7)).toEqual({ entries: [], through: 7, head: 7 });
    });
  });

  describe('compaction', () => {
    it('forgets the log up to a revision and keeps every current item', async () => {
      await store.commit(['a', 'b', 'c'].map((n) => put(n, 0, '1')));
      await store.commit([put('a', 1, '2'), remove('b', 2)]);
      await store.commit([put('a', 4, '3')]);
      await store.compact('pods', 5);
      expect((await store.bounds('pods')).compacted).toBe(5);
      const data = await failure('compacted', store.log('pods', 4));
      expect(data).toEqual({ type: 'pods', compactedRevision: 5 });
      expect((await entries(store, 5)).map((entry) => entry.revision)).toEqual([6]);
      expect((await store.list('pods')).items.map(readable)).toEqual([
        { name: 'a', revision: 6, value: '3' },
        { name: 'c', revision: 3, value: '1' },
      ]);
      expect(readable(await store.get('pods', 'c'))?.revision).toBe(3);
    });

    it.skipIf(suite.options.olderRevisions === false)('keeps the state at the compacted revision itself', async () => {
      await store.commit([put('a', 0, '1'), put('b', 0, '1')]);
      await store.commit([put('a', 1, '2')]);
      await store.commit([put('a', 3, '3'), remove('b', 2)]);
      await store.compact('pods', 3);
      expect((await store.list('pods', { revision: 3 })).items.map(readable)).toEqual([
        { name: 'a', revision: 3, value: '2' },
        { name: 'b', revision: 2, value: '1' },
      ]);
      await failure('compacted', store.list('pods', { revision: 2 }));
    });

    it('never goes back, stops at the head, and leaves other types alone', async () => {
      await store.commit([put('a', 0, '1'), put('n', 0, '1', 'nodes')]);
      await store.commit([put('a', 1, '2')]);
      await store.compact('pods', 99);
      expect((await store.bounds('pods')).compacted).toBe(2);
      await store.compact('pods', 1);
      expect((await store.bounds('pods')).compacted).toBe(2);
      expect((await store.bounds('nodes')).compacted).toBe(0);
      await store.commit([put('a', 2, '3')]);
      expect((await entries(store, 2)).map((entry) => entry.revision)).toEqual([3]);
    });

    it('of a log whose last entry is a delete does not give its revision out again', async () => {
      await store.commit([put('a', 0, '1')]);
      await store.commit([remove('a', 1)]);
      await store.compact('pods', 2);
      await store.commit([put('a', 0, '2')]);
      expect((await store.get('pods', 'a'))?.revision).toBe(3);
    });
  });

  describe('expiry', () => {
    it('deletes through the log, with the last state', async () => {
      const value = { bytes: bytes('event '), revisionOffset: 6 };
      await store.commit([
        { op: 'put', type: 'events', name: 'old', expect: 0, value, expiresAt: 1000 },
        { op: 'put', type: 'events', name: 'young', expect: 0, value, expiresAt: 4_000_000_000 },
        { op: 'put', type: 'events', name: 'kept', expect: 0, value },
      ]);
      await suite.opened.expire(1001);
      expect(await names(store, {}, 'events')).toEqual(['kept', 'young']);
      expect((await entries(store, 3, 'events')).map(({ value: v, ...rest }) => ({ ...rest, value: v }))).toEqual([
        { op: 'delete', name: 'old', revision: 4, previousRevision: 1, value: 'event 4' },
      ]);
    });

    it('is moved by a later put, and lifted by one without a time', async () => {
      const event = (n: string, expiresAt?: number): Put => ({
        ...put(n, 'any', 'x'),
        ...(expiresAt && { expiresAt }),
      });
      await store.commit([event('moved', 1000), event('lifted', 1000)]);
      await store.commit([event('moved', 4_000_000_000), event('lifted')]);
      await suite.opened.expire(2000);
      expect(await names(store)).toEqual(['lifted', 'moved']);
    });
  });

  describe('onCommit', () => {
    it('tells the types and heads that were reached, until it is unsubscribed', async () => {
      const heard: string[] = [];
      const stop = store.onCommit((type, head) => heard.push(`${type}@${head}`));
      await store.commit([put('a', 0, '1'), put('n', 0, '1', 'nodes')]);
      await expect.poll(() => heard).toEqual(expect.arrayContaining(['pods@1', 'nodes@1']));
      stop();
      await store.commit([put('a', 1, '2')]);
      await store.head('pods');
      expect(heard).not.toContain('pods@2');
    });
  });
}
