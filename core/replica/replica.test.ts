import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedStore } from '../store/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../store/embedded/embedded-store.ts';
import type { CommitListener, Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import type { Entry, Filter, Replicas, Watch, WatchEvent } from './replica.ts';
import { createReplicas } from './replicas.ts';

let folder: string;
let store: EmbeddedStore;
let replicas: Replicas;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-replica-'));
  store = openEmbeddedStore(join(folder, 'store.db'), { tickMs: 0 });
  replicas = createReplicas(store);
});

afterEach(async () => {
  replicas.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

describe('state', () => {
  it('is ready with what the store holds, and reads its own writes after catching up', async () => {
    await put('a/x', { color: 'red' });
    const replica = await replicas.of('things');
    expect(replica.revision).toBe(1);
    const revision = await put('a/y', { color: 'blue' });
    expect(await replica.catchUp(revision)).toBe(2);
    expect(replica.get('a/y')?.object).toEqual({ metadata: { resourceVersion: '2' }, color: 'blue' });
    expect(replica.size).toBe(2);
  });

  it('is the same replica for everybody who asks', async () => {
    const [one, two] = await Promise.all([replicas.of('things'), replicas.of('things')]);
    expect(one).toBe(two);
    expect(replicas.peek('things')).toBe(one);
    expect(replicas.peek('others')).toBeUndefined();
  });

  it('parses an entry once', async () => {
    await put('x', { color: 'red' });
    const entry = (await replicas.of('things')).get('x');
    expect(entry?.object).toBe(entry?.object);
  });

  it('takes entries that come with a notice as they are, and reads the log where some are missing or come twice', async () => {
    let listener: CommitListener = () => {};
    let reads = 0;
    const spied = proxied(store, {
      onCommit: (given) => {
        listener = given;
        return () => {};
      },
      log: (...args) => {
        reads++;
        return store.log(...args);
      },
    });
    const replica = await createReplicas(spied).of('things');
    const noticed: Parameters<CommitListener>[] = [];
    store.onCommit((...args) => noticed.push(args));
    for (const n of [1, 2, 3, 4]) await put('x', { n });
    const [first, second, , fourth] = noticed;
    if (!first || !second || !fourth) throw new Error('every commit is told');
    reads = 0;
    listener(...first);
    listener(...second);
    listener(...first);
    expect([replica.revision, reads]).toEqual([2, 0]);
    listener(...fourth);
    await expect.poll(() => replica.revision).toBe(4);
    expect(reads).toBe(1);
    expect(replica.get('x')?.object).toMatchObject({ n: 4 });
    replica.close();
  });

  it('reaches what was answered before it was asked, also by a reading that had begun earlier', async () => {
    await put('x', {});
    const gate = Promise.withResolvers<void>();
    let held = 0;
    let holding = false;
    const slow = proxied(store, {
      onCommit: () => () => {},
      log: async (...args) => {
        const page = await store.log(...args);
        if (holding) {
          held++;
          await gate.promise;
        }
        return page;
      },
    });
    const replica = await createReplicas(slow).of('things');
    holding = true;
    await put('x', { n: 2 });
    const early = replica.catchUp();
    await expect.poll(() => held).toBe(1);
    const revision = await put('x', { n: 3 });
    const late = replica.catchUp();
    holding = false;
    // The later call waits for the reading of the earlier one.
    setImmediate(gate.resolve);
    await early;
    expect(await late).toBe(revision);
  });

  it('does not wait for a revision that was never given out', async () => {
    await put('x', {});
    const replica = await replicas.of('things');
    expect(await replica.catchUp(1000)).toBe(1);
  });
});

describe('snapshots', () => {
  it('are in order, by prefix and after a name, and stay as they were when taken', async () => {
    for (const name of ['b/2', 'a/1', 'b/1', 'b/3', 'c/1', 'b']) await put(name, {});
    const replica = await replicas.of('things');
    const taken = replica.snapshot({ prefix: 'b/', after: 'b/1' });
    const all = replica.snapshot();
    await store.commit([{ op: 'delete', type: 'things', name: 'b/2', expect: 'any' }]);
    await replica.catchUp(await put('b/25', {}));
    expect(namesOf(taken)).toEqual(['b/2', 'b/3']);
    expect(namesOf(all)).toEqual(['a/1', 'b', 'b/1', 'b/2', 'b/3', 'c/1']);
    expect(namesOf(replica.snapshot({ prefix: 'b/', after: 'b/1' }))).toEqual(['b/25', 'b/3']);
  });

  it('at every revision of the window equal the store at that revision', async () => {
    const random = generator(7);
    const early = createReplicas(store);
    const first = await early.of('things');
    for (let i = 0; i < 400; i++) await randomWrite(random, 150);
    await first.catchUp();
    const late = await replicas.of('things');
    for (const replica of [first, late])
      for (let revision = 0; revision <= 400; revision += 7) {
        const { items } = await store.list('things', { revision });
        const wanted = items.map((item) => [item.name, item.revision]);
        expect([...replica.snapshot({ revision })].map((entry) => [entry.name, entry.revision])).toEqual(wanted);
      }
    early.close();
  });

  it('below the oldest revision are refused as compacted', async () => {
    for (let i = 0; i < 10; i++) await put('x', { i });
    await store.compact('things', 4);
    const replica = await replicas.of('things');
    expect(replica.oldest).toBe(4);
    expect(namesOf(replica.snapshot({ revision: 4 }))).toEqual(['x']);
    expect(() => replica.snapshot({ revision: 3 })).toThrow(compactedAt(4));
    expect(() => replica.watch({ after: 3 })).toThrow(compactedAt(4));
  });

  it('are no longer told once the store was compacted beyond them', async () => {
    const patient = createReplicas(store, { compactedEveryMs: 0 });
    const replica = await patient.of('things');
    for (let i = 0; i < 10; i++) await put('x', { i });
    await replica.catchUp();
    expect(replica.oldest).toBe(0);
    await store.compact('things', 6);
    await replica.catchUp(await put('x', {}));
    expect(replica.oldest).toBe(6);
    patient.close();
  });
});

describe('watch', () => {
  it('delivers every event after a revision once, in order, from the window and then live', async () => {
    await put('x', { color: 'red' });
    await put('x', { color: 'blue' });
    const replica = await replicas.of('things');
    const watch = replica.watch({ after: 1 });
    await put('y', { color: 'red' });
    await store.commit([{ op: 'delete', type: 'things', name: 'x', expect: 'any' }]);
    const events = await collect(watch, 3);
    expect(events.map((event) => `${event.type} ${event.entry.name} ${event.revision}`)).toEqual([
      'MODIFIED x 2',
      'ADDED y 3',
      'DELETED x 4',
    ]);
    expect(watch.revision).toBe(4);
    expect(watch.drain()).toEqual([]);
  });

  it('encodes an event once for all who see the same', async () => {
    const replica = await replicas.of('things');
    const watches = [
      replica.watch({ after: 0 }),
      replica.watch({ after: 0 }),
      replica.watch({ after: 0, filter: color('red') }),
    ];
    await replica.catchUp(await put('x', { color: 'red' }));
    const lines = watches.map((watch) => watch.drain()[0]?.line);
    expect(new Set(lines).size).toBe(1);
    expect(Buffer.from(lines[0] ?? []).toString()).toBe(
      '{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"},"color":"red"}}\n',
    );
  });

  it('judges an event once for all watchers with the same filter key', async () => {
    const replica = await replicas.of('things');
    let judged = 0;
    const counting = (): Filter => ({ key: 'same', matches: () => ++judged > 0 });
    const watches = Array.from({ length: 50 }, () => replica.watch({ after: 0, filter: counting() }));
    await replica.catchUp(await put('x', {}));
    expect(judged).toBe(1);
    for (const watch of watches) expect(watch.drain()).toHaveLength(1);
  });

  it('shows an object that starts to match as ADDED, and one that stops as DELETED with its old state', async () => {
    const replica = await replicas.of('things');
    const watch = replica.watch({ after: 0, filter: color('red') });
    for (const shade of ['blue', 'red', 'red', 'blue', 'green']) await put('x', { color: shade });
    await replica.catchUp();
    const seen = watch.drain().map((event) => [event.type, event.revision, event.entry.object]);
    expect(seen).toEqual([
      ['ADDED', 2, { metadata: { resourceVersion: '2' }, color: 'red' }],
      ['MODIFIED', 3, { metadata: { resourceVersion: '3' }, color: 'red' }],
      ['DELETED', 4, { metadata: { resourceVersion: '4' }, color: 'red' }],
    ]);
  });

  it('of a prefix sees only its names', async () => {
    const replica = await replicas.of('things');
    const watch = replica.watch({ after: 0, prefix: 'a/' });
    await put('b/x', {});
    await replica.catchUp(await put('a/x', {}));
    expect(watch.drain().map((event) => event.entry.name)).toEqual(['a/x']);
    expect(watch.revision).toBe(2);
  });

  it('ends with slow when more waits than its capacity, without holding up the others', async () => {
    const replica = await replicas.of('things');
    const slow = replica.watch({ after: 0, capacity: 5 });
    const quick = replica.watch({ after: 0 });
    let got = 0;
    quick.onReady = () => {
      got += quick.drain().length;
    };
    for (let i = 0; i < 20; i++) await put('x', { i });
    await expect.poll(() => got).toBe(20);
    expect(slow.ended).toBe('slow');
    expect(slow.drain()).toEqual([]);
    expect(quick.ended).toBeUndefined();
  });

  it('may start further back than its capacity', async () => {
    for (let i = 0; i < 20; i++) await put('x', { i });
    const replica = await replicas.of('things');
    const watch = replica.watch({ after: 0, capacity: 5 });
    expect(await collect(watch, 20)).toHaveLength(20);
  });

  it('calls onReady for what was there at the start, and when it ends', async () => {
    await put('x', {});
    const replica = await replicas.of('things');
    const watch = replica.watch({ after: 0 });
    const calls: string[] = [];
    watch.onReady = () => calls.push(watch.ended ?? `${watch.drain().length} events`);
    await expect.poll(() => calls).toEqual(['1 events']);
    replicas.close();
    expect(calls).toEqual(['1 events', 'closed']);
  });

  it('that ends because the log was compacted finds the new state when it is told so', async () => {
    await put('x', {});
    const replica = await createReplicas(withoutNotices(store)).of('things');
    const watch = replica.watch({ after: 1 });
    const other = replica.watch({ after: 1 });
    const again: Watch[] = [];
    let foundAt = 0;
    watch.onReady = () => {
      foundAt = replica.revision;
      if (watch.ended) again.push(replica.watch({ after: replica.revision }));
    };
    for (let i = 0; i < 5; i++) await put('x', { i });
    await store.compact('things', 5);
    expect(await replica.catchUp()).toBe(6);
    expect([watch.ended, other.ended]).toEqual(['slow', 'slow']);
    expect(foundAt).toBe(5);
    const [resumed] = again;
    await put('y', {});
    await replica.catchUp();
    expect(resumed?.drain().map((event) => event.revision)).toEqual([6, 7]);
    // A watcher from between the end and now shares nothing with those that ended.
    expect(
      replica
        .watch({ after: 5 })
        .drain()
        .map((event) => event.revision),
    ).toEqual([6, 7]);
  });

  it('after a restart resumes in the log that is left, whichever states are known', async () => {
    await put('x', { color: 'red' });
    await put('y', { color: 'red' });
    await put('x', { color: 'blue' });
    await put('y', { color: 'red', n: 2 });
    await store.commit([{ op: 'delete', type: 'things', name: 'y', expect: 'any' }]);
    const watchRed = async (over: Store) => {
      const restarted = createReplicas(over, { windowEvents: 3 });
      const replica = await restarted.of('things');
      const events = replica.watch({ after: 2, filter: color('red') }).drain();
      restarted.close();
      return events.map((event) => `${event.type} ${event.entry.name} ${event.revision}`);
    };
    const wanted = ['DELETED x 3', 'MODIFIED y 4', 'DELETED y 5'];
    expect(await watchRed(store)).toEqual(wanted);
    expect(await watchRed(withoutHistory(store))).toEqual(wanted);
  });

  it('folds to the state of the store under random writes, with and without a filter', async () => {
    const random = generator(11);
    const replica = await replicas.of('things');
    const red = replica.watch({ after: 0, filter: color('red') });
    const all = replica.watch({ after: 0, prefix: 'ns1/' });
    const foldedRed = new Map<string, number>();
    const foldedAll = new Map<string, number>();
    for (let i = 0; i < 600; i++) {
      await randomWrite(random, 30);
      if (random(5) > 0) continue;
      await replica.catchUp();
      fold(foldedRed, red.drain());
      fold(foldedAll, all.drain());
      const entries = [...replica.snapshot()];
      const isRed = (entry: Entry) => color('red').matches(entry);
      expect([...foldedRed.keys()].sort()).toEqual(
        entries
          .filter(isRed)
          .map((entry) => entry.name)
          .sort(),
      );
      const ns1 = entries.filter((entry) => entry.name.startsWith('ns1/'));
      expect([...foldedAll].sort()).toEqual(ns1.map((entry) => [entry.name, entry.revision]).sort());
    }
    expect(foldedRed.size).toBeGreaterThan(0);
  });
});

describe('a replica that the log has left behind', () => {
  it('reads the state anew, ends its watches, and tells listeners what changed', async () => {
    const deaf = createReplicas(withoutNotices(store));
    for (const name of ['kept', 'changed', 'gone']) await put(name, { n: 1 });
    const replica = await deaf.of('things');
    const watch = replica.watch({ after: 3 });
    const events: string[] = [];
    replica.onEvent((event) => events.push(`${event.type} ${event.entry.name}`));
    await put('changed', { n: 2 });
    await store.commit([{ op: 'delete', type: 'things', name: 'gone', expect: 'any' }]);
    await put('new', { n: 1 });
    await store.compact('things', 6);
    expect(await replica.catchUp()).toBe(6);
    expect(watch.ended).toBe('slow');
    expect(events).toEqual(['MODIFIED changed', 'ADDED new', 'DELETED gone']);
    expect(namesOf(replica.snapshot())).toEqual(['changed', 'kept', 'new']);
    deaf.close();
  });
});

describe('listeners', () => {
  it('hear every event as it is applied, with the state before', async () => {
    const replica = await replicas.of('things');
    const heard: unknown[] = [];
    const stop = replica.onEvent((event) =>
      heard.push([event.type, event.entry.name, event.previous?.revision, replica.revision]),
    );
    await put('x', {});
    await replica.catchUp(await put('x', {}));
    expect(heard).toEqual([
      ['ADDED', 'x', undefined, 1],
      ['MODIFIED', 'x', 1, 2],
    ]);
    stop();
    await replica.catchUp(await put('x', {}));
    expect(heard).toHaveLength(2);
  });
});

async function put(name: string, fields: object): Promise<number> {
  const bytes = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '' }, ...fields }));
  const value = { bytes, revisionOffset: '{"metadata":{"resourceVersion":"'.length };
  const [committed] = await store.commit([{ op: 'put', type: 'things', name, expect: 'any', value }]);
  return committed?.revision ?? 0;
}

async function randomWrite(random: (n: number) => number, names: number): Promise<void> {
  const name = `ns${random(3)}/${random(names)}`;
  if (random(4) === 0 && (await store.get('things', name)))
    await store.commit([{ op: 'delete', type: 'things', name, expect: 'any' }]);
  else await put(name, { color: ['red', 'blue', 'green'][random(3)] });
}

function color(wanted: string): Filter {
  return {
    key: `color=${wanted}`,
    // Every object of these tests was made by `put` above.
    matches: (entry) => (entry.object as { color?: string }).color === wanted,
  };
}

function fold(state: Map<string, number>, events: readonly WatchEvent[]): void {
  for (const { type, entry, revision } of events) {
    if (type === 'ADDED') expect(state.has(entry.name)).toBe(false);
    else expect(state.has(entry.name)).toBe(true);
    if (type === 'DELETED') state.delete(entry.name);
    else state.set(entry.name, revision);
  }
}

async function collect(watch: Watch, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  await expect.poll(() => events.push(...watch.drain())).toBe(count);
  return events;
}

function namesOf(entries: Iterable<Entry>): string[] {
  return [...entries].map((entry) => entry.name);
}

function compactedAt(revision: number): Error {
  return expect.objectContaining({
    failure: { code: 'compacted', data: { type: 'things', compactedRevision: revision } },
  });
}

/** The store as an engine that tells only the newest state. */
function withoutHistory(inner: EmbeddedStore): Store {
  return proxied(inner, {
    list: async (type, options) => {
      if (options?.revision === undefined) return inner.list(type, options);
      const data = { type, compactedRevision: (await inner.bounds(type)).compacted };
      throw new StoreError({ code: 'compacted', data }, 'only the newest state can be told');
    },
  });
}

function withoutNotices(inner: EmbeddedStore): Store {
  return proxied(inner, { onCommit: () => () => {} });
}

function proxied(inner: EmbeddedStore, changes: Partial<Store>): Store {
  return {
    get: (...a) => inner.get(...a),
    list: (...a) => inner.list(...a),
    commit: (...a) => inner.commit(...a),
    commitEach: (...a) => inner.commitEach(...a),
    log: (...a) => inner.log(...a),
    past: (...a) => inner.past(...a),
    revisionAt: (...a) => inner.revisionAt(...a),
    head: (...a) => inner.head(...a),
    bounds: (...a) => inner.bounds(...a),
    compact: (...a) => inner.compact(...a),
    types: () => inner.types(),
    onCommit: (...a) => inner.onCommit(...a),
    close: () => inner.close(),
    ...changes,
  };
}

function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
