// What a replica reads at first: of a store that tells what it charges, and no more of each value than is wanted.

import { beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../test/simulation/model/calls.ts';
import { ModelTable } from '../../test/simulation/model/table.ts';
import { type DynamoStore, openDynamoStore } from '../store/dynamodb/dynamodb-store.ts';
import { notifyOwnCommits } from '../store/own-commits.ts';
import { type Store, StoreError } from '../store/store.ts';
import { createReplicas } from './replicas.ts';
import type { ReplicaOptions } from './store-replica.ts';

let table: ModelTable;
let store: DynamoStore;
beforeEach(() => {
  table = new ModelTable(Date.now);
  store = openStore();
});

function openStore(): DynamoStore {
  return openDynamoStore({ calls: modelCalls(table), table: 'store' });
}

async function put(names: readonly string[], color: string) {
  await store.commitEach(
    names.map((name) => {
      const bytes = Buffer.from(JSON.stringify({ metadata: { name }, color, noise: 'x'.repeat(150) }));
      return { op: 'put', type: 'things', name, expect: 'any', value: { bytes } };
    }),
  );
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `x${String(i).padStart(4, '0')}`);

/** What it took a new process, in read units. */
async function unitsOf(options: ReplicaOptions): Promise<number> {
  const fresh = openStore();
  const replicas = createReplicas(fresh, options);
  const replica = await replicas.of('things');
  expect(replica.size).toBe(1000);
  replicas.close();
  return [...fresh.costs.values()].reduce((sum, each) => sum + each.readUnits, 0);
}

describe('a cold start', () => {
  it('reads the log once where it reads all objects at once, and not with each page of them', async () => {
    await put(names(1000), 'red');
    for (let i = 0; i < 5; i++) await put(names(200), `blue-${i}`);
    const state = await unitsOf({ coldEvents: 0, pageSize: Number.POSITIVE_INFINITY });
    const atOnce = await unitsOf({ coldEvents: 500, pageSize: Number.POSITIVE_INFINITY });
    const inPages = await unitsOf({ coldEvents: 500, pageSize: 100 });
    // 500 entries of the log, twice: those by which the list is undone, and those that are then followed.
    expect(atOnce).toBeLessThan(4 * state);
    expect(inPages).toBeGreaterThan(1.5 * atOnce);
  });

  it('keeps of each value what is wanted, also of those that are known from the log', async () => {
    await put(['a', 'b'], 'red');
    for (const coldEvents of [0, 100]) {
      const replicas = createReplicas(store, { coldEvents, project: colorOnly });
      const replica = await replicas.of('things');
      const seen: unknown[] = [];
      replica.onEvent(({ entry, previous }) => seen.push([previous?.object, entry.object]));
      const texts = () => [...replica.snapshot()].map(({ bytes }) => Buffer.from(bytes).toString());
      expect(texts()).toEqual(['{"color":"red"}', '{"color":"red"}']);
      await put(['b'], 'blue');
      await replica.catchUp();
      expect(texts()).toEqual(['{"color":"red"}', '{"color":"blue"}']);
      expect(seen).toEqual([[{ color: 'red' }, { color: 'blue' }]]);
      const watch = replica.watch({ after: replica.revision - 1 });
      expect(watch.drain().map(({ entry }) => entry.object)).toEqual([{ color: 'blue' }]);
      watch.close();
      await put(['b'], 'red');
      replicas.close();
    }
  });

  it('keeps no more where the store no longer tells what was before', async () => {
    await put(['a', 'b'], 'red');
    await put(['a'], 'green');
    const forgetful: Store = {
      ...notifyOwnCommits(store, () => undefined),
      async list(type, options) {
        if (options?.revision === undefined) return store.list(type, options);
        throw new StoreError({ code: 'compacted', data: { type, compactedRevision: 0 } }, 'not told here');
      },
    };
    const replicas = createReplicas(forgetful, { coldEvents: 1, project: colorOnly });
    const replica = await replicas.of('things');
    expect([...replica.snapshot()].map(({ object }) => object)).toEqual([{ color: 'green' }, { color: 'red' }]);
    replicas.close();
  });
});

function colorOnly(bytes: Uint8Array): Uint8Array {
  const { color } = JSON.parse(Buffer.from(bytes).toString());
  return Buffer.from(JSON.stringify({ color }));
}
