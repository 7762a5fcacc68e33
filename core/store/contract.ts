// The suite that every engine passes: what a caller of the Store may rely on. An engine's test file calls `storeContract`.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Item, LogEntry, Put, Store, StoreFailure, StoreFailures } from './store.ts';
import { StoreError } from './store.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Deletes what has expired at this Unix time in seconds; by the engine's own clock where it cannot be told. */
  expire(nowSeconds: number): Promise<void>;
  /** Closes the store and removes what it made. */
  dispose(): Promise<void>;
}

export interface ContractOptions {
  /** An engine without snapshots of its own may answer `compacted` to a list at an older revision. Default: it has them. */
  readonly olderRevisions?: boolean;
}

export function storeContract(name: string, open: () => Promise<OpenedStore>, options: ContractOptions = {}): void {
  describe(`store contract: ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    describe('create', () => {
      it('stores an item at revision 1 of its type and inserts the revision into the bytes', async () => {
        const value = { bytes: bytes('{"rv":""}'), revisionOffset: 7 };
        const [committed] = await store.commit([{ op: 'put', type: 'pods', name: 'a/x', expect: 0, value }]);
        expect(committed).toMatchObject({ revision: 1 });
        expect(text(committed?.value)).toBe('{"rv":"1"}');
        expect(readable(await store.get('pods', 'a/x'))).toEqual({ name: 'a/x', revision: 1, value: '{"rv":"1"}' });
      });

      it('refuses a key that exists, with its current state, and takes no revision', async () => {
        await store.commit([put('a/x', 0, 'one')]);
        const { current } = await failure('conflict', store.commit([put('a/x', 0, 'two')]));
        expect(readable(current)).toEqual({ name: 'a/x', revision: 1, value: 'one' });
        expect(await store.head('pods')).toBe(1);
        await store.commit([put('a/y', 0, 'three')]);
        expect((await store.get('pods', 'a/y'))?.revision).toBe(2);
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
        const data = await failure(
          'tooLarge',
          store.commit([{ op: 'put', type: 'pods', name: 'x', expect: 0, value }]),
        );
        expect(data.size).toBeGreaterThan(data.limit);
        expect(await store.head('pods')).toBe(0);
      });
    });

    describe('get', () => {
      it('finds nothing in a type that was never written', async () => {
        expect(await store.get('pods', 'x')).toBeUndefined();
        expect(await store.head('pods')).toBe(0);
        expect(await store.compacted('pods')).toBe(0);
        expect(await store.list('pods')).toEqual({ items: [], revision: 0, more: false });
        expect(await store.log('pods', 0)).toEqual({ entries: [], through: 0, head: 0 });
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
        expect(readable(await store.get('pods', 'counter'))).toEqual({ name: 'counter', revision: 21, value: '20' });
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
        expect(readable(await store.get('pods', 'x'))).toEqual({ name: 'x', revision: 3, value: 'again' });
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
        expect(await store.head('pods')).toBe(1);
        expect(await store.head('nodes')).toBe(0);
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
        expect((await store.get('pods', 'child'))?.revision).toBe(2);
      });

      it('takes 100 writes and refuses 101, and two of one key', async () => {
        const writes = Array.from({ length: 101 }, (_, i) => put(`p${i}`, 0, 'x'));
        await expect(store.commit(writes)).rejects.toThrow(RangeError);
        await expect(store.commit([put('a', 0, '1'), put('a', 0, '2')])).rejects.toThrow(RangeError);
        expect(await store.head('pods')).toBe(0);
        await store.commit(writes.slice(1));
        expect(await store.head('pods')).toBe(100);
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
        expect(await store.head('pods')).toBe(3);
      });
    });

    describe('concurrent commits', () => {
      it('of one key let exactly one win', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 50 }, (_, i) => store.commit([put('x', 0, String(i))])),
        );
        const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
        expect(won).toHaveLength(1);
        expect(readable(await store.get('pods', 'x'))).toEqual({ name: 'x', revision: 1, value: String(won[0]) });
      });

      it('leave a log without gaps, in which every answered revision holds what was answered', async () => {
        const committed = await Promise.all(
          Array.from({ length: 200 }, async (_, i) => {
            const outcome = await store.commit([put(`p${i % 40}`, 'any', String(i))]);
            return { revision: outcome[0]?.revision, value: String(i) };
          }),
        );
        const log = await entries(store);
        expect(log.map((entry) => entry.revision)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
        for (const { revision, value } of committed) expect(log[(revision ?? 0) - 1]?.value).toBe(value);
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

    describe.skipIf(options.olderRevisions === false)('list at a revision', () => {
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
        expect(await store.compacted('pods')).toBe(5);
        const data = await failure('compacted', store.log('pods', 4));
        expect(data).toEqual({ type: 'pods', compactedRevision: 5 });
        expect((await entries(store, 5)).map((entry) => entry.revision)).toEqual([6]);
        expect((await store.list('pods')).items.map(readable)).toEqual([
          { name: 'a', revision: 6, value: '3' },
          { name: 'c', revision: 3, value: '1' },
        ]);
        expect(readable(await store.get('pods', 'c'))?.revision).toBe(3);
      });

      it.skipIf(options.olderRevisions === false)('keeps the state at the compacted revision itself', async () => {
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
        expect(await store.compacted('pods')).toBe(2);
        await store.compact('pods', 1);
        expect(await store.compacted('pods')).toBe(2);
        expect(await store.compacted('nodes')).toBe(0);
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
        await opened.expire(1001);
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
        await opened.expire(2000);
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

    it('after close, fails with closed', async () => {
      await store.commit([put('a', 0, '1')]);
      await store.close();
      await failure('closed', store.get('pods', 'a'));
      await failure('closed', store.commit([put('b', 0, '1')]));
      await store.close();
    });
  });
}

function put(name: string, expected: number | 'any', value: string, type = 'pods'): Put {
  return { op: 'put', type, name, expect: expected, value: { bytes: bytes(value) } };
}

function remove(name: string, expected: number | 'any') {
  return { op: 'delete', type: 'pods', name, expect: expected } as const;
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}

function readable(item: Item): { name: string; revision: number; value: string };
function readable(item: Item | undefined): { name: string; revision: number; value: string } | undefined;
function readable(item: Item | undefined) {
  return item && { name: item.name, revision: item.revision, value: text(item.value) };
}

async function names(store: Store, options = {}, type = 'pods'): Promise<string[]> {
  return (await store.list(type, options)).items.map((item) => item.name);
}

async function entries(
  store: Store,
  after = 0,
  type = 'pods',
): Promise<(Omit<LogEntry, 'value'> & { value: string })[]> {
  return (await store.log(type, after)).entries.map((entry) => ({ ...entry, value: text(entry.value) }));
}

/** The data of the failure that `work` must end with. */
async function failure<F extends StoreFailure>(code: F, work: Promise<unknown>): Promise<StoreFailures[F]> {
  const error = await work.then(
    () => new Error(`expected the failure ${code}, got an answer`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(error.failure.code).toBe(code);
  // The line above has checked the code, which decides the type of the data.
  return error.failure.data as StoreFailures[F];
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Numbers below n, the same ones on every run (a linear congruential generator). */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
