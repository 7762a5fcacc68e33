// A process that hears of no commits: what it does to see them all the same.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRegistry, systemRandom } from '../../../core/registry/create.ts';
import { openTestRegistry } from '../../../core/registry/testing.ts';
import { createReplicas } from '../../../core/replica/replicas.ts';
import { notifyOwnCommits } from '../../../core/store/own-commits.ts';
import type { Store } from '../../../core/store/store.ts';
import { freshReplicas } from './fresh-replicas.ts';
import { pollWatches } from './polled-watches.ts';

let base: Awaited<ReturnType<typeof openTestRegistry>>;
beforeEach(async () => {
  base = await openTestRegistry();
});
afterEach(() => base.close());

/** The store as another process sees it: without notices of commits. */
function deaf(): Store {
  return { ...notifyOwnCommits(base.store, () => {}), onCommit: () => () => {} };
}

const put = (name: string) =>
  base.store.commit([{ op: 'put', type: 'things', name, expect: 0, value: { bytes: Buffer.from('{}') } }]);

it('brings all replicas that were opened up to date, but not again within the given time', async () => {
  let now = 0;
  const replicas = freshReplicas(createReplicas(deaf()), () => now);
  const things = await replicas.of('things');
  await put('a');
  expect(things.get('a')).toBeUndefined();
  expect(await replicas.freshen(1000)).toBe(true);
  expect(things.get('a')).toBeDefined();
  await put('b');
  now = 900;
  expect(await replicas.freshen(1000)).toBe(false);
  expect(things.get('b')).toBeUndefined();
  now = 1100;
  expect(await replicas.freshen(1000)).toBe(true);
  expect(things.get('b')).toBeDefined();
  replicas.close();
});

it('shows a watch what others write, and stops looking when it is closed', async () => {
  let heads = 0;
  const store = deaf();
  const counted: Store = {
    ...store,
    head: (type) => {
      heads++;
      return store.head(type);
    },
  };
  const replicas = createReplicas(counted);
  const registry = createRegistry({
    store: counted,
    replicas,
    definitions: base.definitions,
    clock: () => new Date(),
    random: systemRandom,
  });
  const lags: number[] = [];
  const onLag = (ms: number) => void lags.push(ms);
  const started = performance.now();
  const polled = pollWatches(registry, { replicas, quickMs: 2, slowMs: 5, onError: () => {}, onLag });
  const definition = base.definitions.ofType('namespaces');
  if (!definition) throw new Error('namespaces are not served');
  const context = { user: { username: 'admin', groups: ['system:masters'] }, warnings: [] };
  const { watch } = await polled.watch(context, { definition }, {});
  const seen = new Promise<string>((resolve) => {
    watch.onReady = () => {
      for (const { entry } of watch.drain()) if (entry.name === 'made-elsewhere') resolve(entry.name);
    };
  });
  const object = { metadata: { name: 'made-elsewhere' } };
  expect(lags).toEqual([]);
  await base.registry.create(context, { definition }, object);
  expect(await seen).toBe('made-elsewhere');
  // What was seen a moment ago is no older than the look before it, which may have been before the write.
  await expect.poll(() => lags.length).toBe(1);
  expect(lags[0]).toBeGreaterThan(0);
  expect(lags[0]).toBeLessThan(performance.now() - started);
  watch.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = heads;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heads).toBe(before);
  replicas.close();
});

it('looks once a pause, also when the last watch closed and another was opened within it', async () => {
  const store = deaf();
  const replicas = createReplicas(store);
  const registry = createRegistry({
    store,
    replicas,
    definitions: base.definitions,
    clock: () => new Date(),
    random: systemRandom,
  });
  const definition = base.definitions.ofType('namespaces');
  if (!definition) throw new Error('namespaces are not served');
  const context = { user: { username: 'admin', groups: ['system:masters'] }, warnings: [] };
  const pauses: (() => void)[] = [];
  const options = { replicas, quickMs: 2, slowMs: 5, onError: () => {} };
  const pause = () => new Promise<void>((resolve) => void pauses.push(resolve));
  const polled = pollWatches(registry, { ...options, pause });
  const opened = async () => (await polled.watch(context, { definition }, {})).watch;
  for (const watch of [await opened(), await opened()]) watch.close();
  const last = await opened();
  expect(pauses).toHaveLength(1);
  // It goes on for the one that is open, ends after it, and begins again for the next.
  const next = async () => {
    for (const resume of pauses.splice(0)) resume();
    await new Promise((resolve) => setImmediate(resolve));
  };
  await next();
  await expect.poll(() => pauses.length).toBe(1);
  last.close();
  await next();
  await expect
    .poll(async () => {
      const watch = await opened();
      watch.close();
      return pauses.length;
    })
    .toBe(1);
  replicas.close();
});
