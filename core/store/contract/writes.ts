// What a commit promises: conditions, atomicity, the order of revisions.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../store.ts';
import { maximumWrites, StoreError } from '../store.ts';
import { all, bytes, entries, failure, names, put, readable, remove, text } from './samples.ts';
import type { Suite } from './suite.ts';

export function writesContract(suite: Suite): void {
  let store: Store;
  beforeEach(() => {
    store = suite.opened.store;
  });
  const { failuresTakeRevisions = false } = suite.options;
  const passedOver = failuresTakeRevisions ? 1 : 0;

  describe('create', () => {
    it('stores an item at revision 1 of its type and inserts the revision into the bytes', async () => {
      const value = { bytes: bytes('{"rv":""}'), revisionOffset: 7 };
      const [committed] = await store.commit([{ op: 'put', type: 'pods', name: 'a/x', expect: 0, value }]);
      expect(committed).toMatchObject({ revision: 1 });
      expect(text(committed?.value)).toBe('{"rv":"1"}');
      expect(readable(await store.get('pods', 'a/x'))).toEqual({ name: 'a/x', revision: 1, value: '{"rv":"1"}' });
    });

    it('refuses a key that exists, with its current state, and leaves nothing in the log', async () => {
      await store.commit([put('a/x', 0, 'one')]);
      const { current } = await failure('conflict', store.commit([put('a/x', 0, 'two')]));
      expect(readable(current)).toEqual({ name: 'a/x', revision: 1, value: 'one' });
      expect(await store.head('pods')).toBe(1 + passedOver);
      await store.commit([put('a/y', 0, 'three')]);
      expect((await store.get('pods', 'a/y'))?.revision).toBe(2 + passedOver);
      expect((await entries(store)).map((entry) => entry.name)).toEqual(['a/x', 'a/y']);
    });

    it('counts revisions per type', async () => {
      await store.commit([put('x', 0, '1', 'pods'), put('x', 0, '1', 'nodes'), put('y', 0, '1', 'nodes')]);
      expect(await store.head('pods')).toBe(1);
      expect(await store.head('nodes')).toBe(2);
      expect((await store.types()).sort()).toEqual(['nodes', 'pods']);
    });

    it('keeps the bytes that it was given, whatever the caller does with its buffer afterwards', async () => {
      const pool = bytes('....payload....');
      const view = pool.subarray(4, 11);
      await store.commit([{ op: 'put', type: 'pods', name: 'x', expect: 0, value: { bytes: view } }]);
      pool.fill(0);
      expect(readable(await store.get('pods', 'x'))?.value).toBe('payload');
    });

    it('stores a value of 3 MiB and one of no bytes', async () => {
      const large = new Uint8Array(3 * 1024 * 1024).fill(97);
      await store.commit([
        { op: 'put', type: 'pods', name: 'large', expect: 0, value: { bytes: large } },
        put('empty', 0, ''),
      ]);
      const read = (await store.get('pods', 'large'))?.value;
      expect(read && Buffer.compare(read, large)).toBe(0);
      expect((await store.get('pods', 'empty'))?.value).toHaveLength(0);
    });

    it('answers a value above its limit with the size and the limit, and writes nothing', async () => {
      const value = { bytes: new Uint8Array(64 * 1024 * 1024) };
      const data = await failure('tooLarge', store.commit([{ op: 'put', type: 'pods', name: 'x', expect: 0, value }]));
      expect(data.size).toBeGreaterThan(data.limit);
      expect(await store.head('pods')).toBe(0);
    });
  });

  describe('update', () => {
    it('needs the revision that it read', async () => {
      await store.commit([put('x', 0, 'one')]);
      await store.commit([put('x', 1, 'two')]);
      const { current } = await failure('conflict', store.commit([put('x', 1, 'three')]));
      expect(readable(current)).toEqual({ name: 'x', revision: 2, value: 'two' });
    });

    it('of what does not exist is a conflict without a current state', async () => {
      const data = await failure('conflict', store.commit([put('x', 7, 'one')]));
      expect(data).toMatchObject({ type: 'pods', name: 'x' });
      expect(data.current).toBeUndefined();
    });

    it('whatever the revision is, where the caller says so', async () => {
      await store.commit([put('x', 'any', 'one')]);
      await store.commit([put('x', 'any', 'two')]);
      expect(readable(await store.get('pods', 'x'))).toEqual({ name: 'x', revision: 2, value: 'two' });
    });

    it('by read, change and retry loses no increment when many do it at once', async () => {
      await store.commit([put('counter', 0, '0')]);
      const increment = async (): Promise<void> => {
        const item = await store.get('pods', 'counter');
        const next = String(Number(text(item?.value)) + 1);
        try {
          await store.commit([put('counter', item?.revision ?? 0, next)]);
        } catch (error) {
          if (!(error instanceof StoreError) || error.failure.code !== 'conflict') throw error;
          await increment();
        }
      };
      await Promise.all(Array.from({ length: 20 }, increment));
      const counter = readable(await store.get('pods', 'counter'));
      expect(counter?.value).toBe('20');
      if (!failuresTakeRevisions) expect(counter?.revision).toBe(21);
      expect((await entries(store)).map((entry) => entry.value)).toEqual(Array.from({ length: 21 }, (_, i) => `${i}`));
    });
  });

  describe('delete', () => {
    it('answers and logs the last state that it was given, with the revision inserted', async () => {
      await store.commit([put('x', 0, 'one')]);
      const [committed] = await store.commit([
        {
          op: 'delete',
          type: 'pods',
          name: 'x',
          expect: 1,
          value: { bytes: bytes('last at '), revisionOffset: 8 },
        },
      ]);
      expect(committed?.revision).toBe(2);
      expect(text(committed?.value)).toBe('last at 2');
      expect(await store.get('pods', 'x')).toBeUndefined();
      expect((await entries(store)).at(-1)).toEqual({
        op: 'delete',
        name: 'x',
        revision: 2,
        previousRevision: 1,
        value: 'last at 2',
      });
    });

    it('without a last state carries the stored one, with its own revision in place of the stored one', async () => {
      for (let i = 0; i < 9; i++) await store.commit([put('other', 'any', 'x')]);
      const value = { bytes: bytes('at <>'), revisionOffset: 4 };
      await store.commit([{ op: 'put', type: 'pods', name: 'x', expect: 0, value }]);
      await store.commit([put('other', 'any', 'x')]);
      const [committed] = await store.commit([remove('x', 'any')]);
      expect(text(committed?.value)).toBe('at <12>');
      expect((await entries(store, 11)).at(-1)?.value).toBe('at <12>');
    });

    it('with a stale revision is a conflict that carries the current state', async () => {
      await store.commit([put('x', 0, 'one')]);
      await store.commit([put('x', 1, 'two')]);
      const { current } = await failure('conflict', store.commit([remove('x', 1)]));
      expect(current?.revision).toBe(2);
      await store.commit([remove('x', 2)]);
      expect(await store.get('pods', 'x')).toBeUndefined();
    });

    it('of what does not exist takes no revision where anything is expected, and is a conflict otherwise', async () => {
      expect(await store.commit([remove('x', 'any')])).toEqual([{ revision: 0 }]);
      expect(await store.head('pods')).toBe(0);
      await failure('conflict', store.commit([remove('x', 3)]));
    });

    it('lets the name be created again, at a higher revision', async () => {
      await store.commit([put('x', 0, 'one')]);
      await store.commit([remove('x', 1)]);
      await failure('conflict', store.commit([put('x', 1, 'stale')]));
      await store.commit([put('x', 0, 'again')]);
      expect(readable(await store.get('pods', 'x'))).toEqual({
        name: 'x',
        revision: 3 + passedOver,
        value: 'again',
      });
      expect((await entries(store)).at(-1)?.previousRevision).toBe(0);
    });
  });

  describe('commit of several keys', () => {
    it('writes all or nothing', async () => {
      await store.commit([put('a', 0, '1')]);
      const writes = [put('b', 0, '1'), put('a', 9, '2'), put('c', 0, '1', 'nodes')];
      const { name: guilty } = await failure('conflict', store.commit(writes));
      expect(guilty).toBe('a');
      expect(await store.get('pods', 'b')).toBeUndefined();
      expect(await entries(store)).toHaveLength(1);
      expect(await entries(store, 0, 'nodes')).toEqual([]);
      if (!failuresTakeRevisions) expect([await store.head('pods'), await store.head('nodes')]).toEqual([1, 0]);
    });

    it('answers one result per write, in order, and revisions rise in that order', async () => {
      await store.commit([put('gone', 0, '1'), put('seen', 0, '1')]);
      const committed = await store.commit([
        put('b', 0, 'b'),
        { op: 'check', type: 'pods', name: 'seen', expect: 2 },
        remove('gone', 1),
        put('a', 0, 'a'),
      ]);
      expect(committed.map((c) => c.revision)).toEqual([3, 0, 4, 5]);
    });

    it('fails when a check does not hold, also a check that a key is absent', async () => {
      await store.commit([put('owner', 0, '1')]);
      const check = (expected: number) => ({ op: 'check', type: 'pods', name: 'owner', expect: expected }) as const;
      await failure('conflict', store.commit([put('child', 0, '1'), check(0)]));
      await failure('conflict', store.commit([put('child', 0, '1'), check(2)]));
      await store.commit([put('child', 0, '1'), check(1)]);
      expect((await store.get('pods', 'child'))?.revision).toBe(2 + 2 * passedOver);
    });

    it('takes as many writes as it says and refuses one more, and two of one key', async () => {
      const writes = Array.from({ length: maximumWrites + 1 }, (_, i) => put(`p${i}`, 0, 'x'));
      await expect(store.commit(writes)).rejects.toThrow(RangeError);
      await expect(store.commit([put('a', 0, '1'), put('a', 0, '2')])).rejects.toThrow(RangeError);
      expect(await store.head('pods')).toBe(0);
      await store.commit(writes.slice(1));
      expect(await store.head('pods')).toBe(maximumWrites);
    });
  });

  describe('commitEach', () => {
    it('lets each write succeed or fail alone', async () => {
      await store.commit([put('a', 0, '1')]);
      const outcomes = await store.commitEach([put('b', 0, '1'), put('a', 0, '2'), remove('a', 1), put('c', 5, '1')]);
      expect(outcomes.map((o) => (o instanceof StoreError ? o.failure.code : 'ok'))).toEqual([
        'ok',
        'conflict',
        'ok',
        'conflict',
      ]);
      expect(await names(store)).toEqual(['b']);
      expect((await entries(store)).map((entry) => `${entry.op} ${entry.name}`)).toEqual([
        'put a',
        'put b',
        'delete a',
      ]);
      if (!failuresTakeRevisions) expect(await store.head('pods')).toBe(3);
    });
  });

  describe('concurrent commits', () => {
    it('of one key let exactly one win', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 50 }, (_, i) => store.commit([put('x', 0, String(i))])),
      );
      const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
      expect(won).toHaveLength(1);
      expect((await entries(store)).map((entry) => entry.value)).toEqual([String(won[0])]);
      expect(text((await store.get('pods', 'x'))?.value)).toBe(String(won[0]));
      if (!failuresTakeRevisions) expect(await store.head('pods')).toBe(1);
    });

    it('leave a log without gaps, in which every answered revision holds what was answered', async () => {
      const committed = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const outcome = await store.commit([put(`p${i % 40}`, 'any', String(i))]);
          return { revision: outcome[0]?.revision, value: String(i) };
        }),
      );
      const log = await all(store);
      if (!failuresTakeRevisions)
        expect(log.map((entry) => entry.revision)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
      expect(log).toHaveLength(200);
      const byRevision = new Map(log.map((entry) => [entry.revision, text(entry.value)]));
      for (const { revision, value } of committed) expect(byRevision.get(revision ?? 0)).toBe(value);
    });
  });
}
