import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRegistry } from '../registry/testing.ts';
import { notifyOwnCommits } from '../store/own-commits.ts';
import { type Store, StoreError } from '../store/store.ts';
import { openLogReplica } from './log-replica.ts';
import type { Entry, Watch } from './replica.ts';

let base: Awaited<ReturnType<typeof openTestRegistry>>;
let store: Store;
beforeEach(async () => {
  base = await openTestRegistry();
  store = base.store;
});
afterEach(() => base.close());

const put = async (name: string, color: string) => {
  const value = { bytes: Buffer.from(JSON.stringify({ metadata: { name }, color })) };
  await store.commit([{ op: 'put', type: 'things', name, expect: 'any', value }]);
};
const remove = (name: string) => store.commit([{ op: 'delete', type: 'things', name, expect: 'any' }]);
const seen = (watch: Watch) => watch.drain().map(({ type, entry, revision }) => `${revision} ${type} ${entry.name}`);
// as: written above.
const red = { key: 'red', matches: ({ object }: Entry) => (object as { color: string }).color === 'red' };

describe('a log that is followed for one watch', () => {
  it('begins with what there is, and tells what comes after it', async () => {
    await put('a/1', 'red');
    await put('b/1', 'red');
    const replica = await openLogReplica(store, 'things', { prefix: 'a/', withState: true });
    expect([...replica.snapshot()].map(({ name }) => name)).toEqual(['a/1']);
    const watch = replica.watch({ after: replica.revision, prefix: 'a/' });
    await put('b/1', 'blue');
    await put('a/1', 'blue');
    await remove('a/1');
    await replica.catchUp();
    expect(seen(watch)).toEqual(['4 MODIFIED a/1', '5 DELETED a/1']);
    expect(watch.revision).toBe(5);
  });

  it('goes on from a revision, and knows what did not match before', async () => {
    await put('1', 'blue');
    await put('2', 'red');
    const replica = await openLogReplica(store, 'things', { prefix: '', withState: false });
    expect([...replica.snapshot()]).toEqual([]);
    const watch = replica.watch({ after: 2, filter: red });
    await put('1', 'red');
    await put('1', 'red');
    await put('2', 'blue');
    await put('2', 'green');
    await remove('2');
    await remove('1');
    await replica.catchUp();
    expect(seen(watch)).toEqual(['3 ADDED 1', '4 MODIFIED 1', '5 DELETED 2', '8 DELETED 1']);
  });

  it('leaves in the log what its reader has not taken', async () => {
    const replica = await openLogReplica(store, 'things', { prefix: '', withState: false });
    const watch = replica.watch({ after: 0 });
    for (let i = 0; i < 700; i++) await put('1', String(i));
    await replica.catchUp();
    const first = watch.drain();
    expect(first.length).toBeLessThan(400);
    expect(watch.ended).toBeUndefined();
    const all = [...first];
    while (all.length < 700) {
      await replica.catchUp();
      all.push(...watch.drain());
    }
    expect(all.map(({ revision }) => revision)).toEqual(Array.from({ length: 700 }, (_, i) => i + 1));
  });

  it('tells nothing twice when it cannot read what was before, and says no older revision than it told of', async () => {
    await put('1', 'red');
    await put('2', 'red');
    await put('3', 'red');
    let fails = false;
    // What was before a change is read as one entry.
    const log: Store['log'] = async (type, after, limit) => {
      if (fails && limit === 1 && after === 1)
        throw new StoreError({ code: 'throttled', data: { retryAfterMs: 1 } }, 'later');
      return store.log(type, after, limit);
    };
    const failing = { ...notifyOwnCommits(store, () => undefined), log };
    const replica = await openLogReplica(failing, 'things', { prefix: '', withState: false });
    const watch = replica.watch({ after: 3, filter: red });
    await put('1', 'red');
    await remove('3');
    await put('2', 'red');
    fails = true;
    await expect(replica.catchUp()).rejects.toThrow('later');
    expect([seen(watch), watch.revision]).toEqual([['4 MODIFIED 1', '5 DELETED 3'], 5]);
    fails = false;
    await replica.catchUp();
    expect([seen(watch), watch.revision]).toEqual([['6 MODIFIED 2'], 6]);
  });

  it('ends as one that fell behind when the log is gone', async () => {
    for (let i = 0; i < 5; i++) await put('1', String(i));
    const replica = await openLogReplica(store, 'things', { prefix: '', withState: false });
    const watch = replica.watch({ after: 1 });
    await store.compact('things', 4);
    await replica.catchUp();
    expect(watch.ended).toBe('slow');
    expect((await openLogReplica(store, 'things', { prefix: '', withState: false })).oldest).toBe(4);
  });
});
