import { expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { refused } from '../../../test/simulation/model/errors.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import type { DynamoCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';

const types = Array.from({ length: 130 }, (_, i) => `type${i}`);
const heads = types.map((_, i) => (i % 10 === 0 ? 1 : 0));

/** A store in which each tenth type was written, and what it sends of reads from then on, with the keys of each request. */
async function written(changes: (calls: DynamoCalls) => Partial<DynamoCalls> = () => ({})) {
  const model = modelCalls(new ModelTable(Date.now));
  const sent: [string, number][] = [];
  const changed = { ...model, ...changes(model) };
  const calls: DynamoCalls = {
    ...changed,
    getItem(input) {
      sent.push(['get', 1]);
      return changed.getItem(input);
    },
    batchGetItem(input) {
      sent.push(['batch', input.RequestItems?.['store']?.Keys?.length ?? 0]);
      return changed.batchGetItem(input);
    },
  };
  const store = openDynamoStore({ calls, table: 'store', sleep: async () => undefined });
  for (const [i, type] of types.entries())
    if (heads[i]) await store.commit([{ op: 'put', type, name: 'a', expect: 0, value: { bytes: Buffer.from('{}') } }]);
  sent.length = 0;
  return { store, sent };
}

it('reads the heads that are asked for at the same time in one request for each hundred, and one that is asked for twice once', async () => {
  const { store, sent } = await written();
  expect(await Promise.all(types.map((type) => store.head(type)))).toEqual(heads);
  expect(sent).toEqual([
    ['batch', 100],
    ['batch', 30],
  ]);
  expect(store.costs.get('head')).toEqual({ operations: 130, requests: 130, readUnits: 130, writeUnits: 0 });
  sent.length = 0;
  expect(await Promise.all([store.head('type0'), store.bounds('type0')])).toEqual([1, { compacted: 0, head: 1 }]);
  expect(sent).toEqual([['get', 1]]);
});

it('reads by itself what was left out, and everything where the request failed', async () => {
  let left = 3;
  const { store, sent } = await written((model) => ({
    async batchGetItem(input) {
      const { Keys = [] } = input.RequestItems?.['store'] ?? {};
      const answer = await model.batchGetItem({ RequestItems: { store: { Keys: Keys.slice(left) } } });
      return { ...answer, UnprocessedKeys: { store: { Keys: Keys.slice(0, left) } } };
    },
  }));
  expect(await Promise.all(types.slice(0, 20).map((type) => store.head(type)))).toEqual(heads.slice(0, 20));
  expect(sent).toEqual([['batch', 20], ...Array(3).fill(['get', 1])]);
  left = 20;
  expect(await Promise.all(types.slice(0, 20).map((type) => store.head(type)))).toEqual(heads.slice(0, 20));

  const failing = await written(() => ({
    batchGetItem: () => Promise.reject(refused('ThrottlingException')),
  }));
  expect(await Promise.all(types.slice(0, 5).map((type) => failing.store.head(type)))).toEqual(heads.slice(0, 5));
  expect(failing.sent).toEqual([['batch', 5], ...Array(5).fill(['get', 1])]);
});

it('tells of a commit that was answered before the read was asked for', async () => {
  const { store } = await written();
  for (let i = 1; i < 5; i++) {
    const [done] = await store.commit([
      { op: 'put', type: 'type1', name: `a${i}`, expect: 0, value: { bytes: Buffer.from('{}') } },
    ]);
    const [head, other] = await Promise.all([store.head('type1'), store.head('type0')]);
    expect([head, other]).toEqual([done?.revision, 1]);
  }
});
