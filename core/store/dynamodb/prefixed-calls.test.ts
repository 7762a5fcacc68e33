// A hosted cluster's part of a table: a store like any other, beside the host's and other clusters', of which it sees and changes nothing.

import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { amountOf, boundedStore } from '../bounded-store.ts';
import { storeContract } from '../contract.ts';
import { isOwnType, ownType } from '../own-types.ts';
import type { Put, Store } from '../store.ts';
import { withoutGroups } from '../without-groups.ts';
import type { DynamoCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { hostedPartOf } from './hosted-part.ts';
import { prefixedCalls } from './prefixed-calls.ts';
import { memoryLargeValues } from './testing/large-values.ts';
import { tableUsage } from './usage.ts';
import { wipe } from './wipe.ts';

const [one, two] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const surroundings = { now: Date.now, sleep: async () => {}, random: Math.random };
const open = (calls: DynamoCalls, large = memoryLargeValues()) =>
  openDynamoStore({ calls, table: 'store', large, budgetMs: 60_000 });
const put = (type: string, name: string, bytes: number | string, more: Partial<Put> = {}): Put => ({
  ...{ op: 'put', type, name, expect: 0 },
  value: {
    bytes: typeof bytes === 'number' ? Buffer.alloc(bytes, name) : Buffer.from(bytes),
    // As objects of the API have it.
    ...(!isOwnType(type) && { revisionOffset: 0 }),
  },
  ...more,
});

/** Keys of all items that are in the table now. */
function keysOf(table: ModelTable): () => string[] {
  const keys = new Set<string>();
  const keyOf = (item: Record<string, { S?: string | undefined }> | undefined) =>
    item && `${item['p']?.S}\n${item['s']?.S}`;
  table.onChange = (before, after) => {
    // as: keys are texts.
    const [was, is] = [keyOf(before as never), keyOf(after as never)];
    if (was !== undefined) keys.delete(was);
    if (is !== undefined) keys.add(is);
  };
  return () => [...keys].sort();
}

storeContract(
  'a part of a table of DynamoDB, beside others',
  async () => {
    const calls = modelCalls(new ModelTable(Date.now));
    const store = open(prefixedCalls(calls, hostedPartOf(one)));
    const others = [open(calls), open(prefixedCalls(calls, hostedPartOf(two)))];
    for (const each of others) await each.commit([put('configmaps', 'default/theirs', 'theirs')]);
    return {
      store,
      expire: async (nowSeconds) => {
        await store.expire(nowSeconds);
        for (const each of others) await each.expire(nowSeconds);
      },
      dispose: async () => {
        for (const each of others) expect((await each.list('configmaps')).items).toHaveLength(1);
        await store.close();
      },
    };
  },
  { failuresTakeRevisions: true },
);

it('what expires in one is nothing to the others', async () => {
  const calls = modelCalls(new ModelTable(Date.now));
  const stores = [open(calls), open(prefixedCalls(calls, hostedPartOf(one)))];
  for (const each of stores) await each.commit([put('events', 'default/a', 'a', { expiresAt: 100 })]);
  expect(await stores[0]?.expire(200)).toBe(1);
  expect(await stores[1]?.get('events', 'default/a')).toBeDefined();
  expect(await stores[1]?.expire(200)).toBe(1);
});

it('refuses what names no partition, and takes no other uid for one', async () => {
  const calls = prefixedCalls(modelCalls(new ModelTable(Date.now)), hostedPartOf(one));
  await expect(calls.query({ TableName: 'store', KeyConditionExpression: 's = :s OR p = :p' })).rejects.toThrow(
    'no partition',
  );
  await expect(async () => calls.getItem({ TableName: 'store', Key: { s: { S: 'a' } } })).rejects.toThrow(
    'no partition',
  );
  for (const uid of ['', '..', `${one}/`, `../${two}`, 'a'.repeat(36)]) expect(() => hostedPartOf(uid)).toThrow('uid');
});

it('is removed with everything that it has, and nothing else is', async () => {
  const table = new ModelTable(Date.now);
  const keys = keysOf(table);
  const calls = modelCalls(table);
  const [mine, theirs] = [memoryLargeValues(), memoryLargeValues()];
  const others = [open(calls, theirs), open(prefixedCalls(calls, hostedPartOf(two)), theirs)];
  for (const each of others) await each.commit([put('configmaps', 'default/a', 'a')]);
  const before = keys();
  const part = prefixedCalls(calls, hostedPartOf(one));
  const store = open(part, mine);
  const usage = tableUsage(part, 'store', surroundings);
  await usage.reserve({ bytes: 1, objects: 1 }, { bytes: 10, objects: 10 });
  for (let at = 0; at < 250; at += 1)
    await store.commit([put('configmaps', `default/${at % 7}`, `${at}`, { expect: 'any' })]);
  await store.commit([{ op: 'delete', type: 'configmaps', name: 'default/1', expect: 'any' }]);
  await store.commit([put(ownType('keys'), 'service-account', 'key')]);
  await store.commit([{ ...put('configmaps', 'default/large', 0), value: { bytes: randomBytes(600_000) } }]);
  expect(mine.names).toHaveLength(1);
  await withoutGroups(store).commit([{ ...put('pods', 'default/p', 'p'), joins: 'n1' }]);
  const had = keys().length - before.length;
  expect(had).toBeGreaterThan(250);
  expect(await wipe({ calls: part, table: 'store', large: mine, surroundings })).toBe(had);
  expect(keys()).toEqual(before);
  expect(mine.names).toEqual([]);
  // Where something came after all.
  await store.commit([put('secrets', 'default/late', 'late')]);
  await wipe({ calls: part, table: 'store', large: mine, surroundings });
  expect(keys()).toEqual(before);
});

describe('a bounded store', () => {
  const most = { bytes: 10_000, objects: 20 };
  let store: Store;
  let bounded: Store;
  let usage: ReturnType<typeof tableUsage>;
  beforeEach(() => {
    const calls = prefixedCalls(modelCalls(new ModelTable(Date.now)), hostedPartOf(one));
    store = open(calls);
    usage = tableUsage(calls, 'store', surroundings);
    bounded = boundedStore(store, usage, most, (error) => {
      throw error;
    });
  });
  const overQuota = { failure: { code: 'overQuota', data: { limit: 10_000, objects: 20 } } };
  const counted = async () => expect(await usage.read()).toEqual(await amountOf(store));

  it('takes no more bytes than it may, however many write at once', async () => {
    const writes = Array.from({ length: 30 }, (_, at) => bounded.commit([put('configmaps', `default/${at}`, 1000)]));
    const outcomes = await Promise.allSettled(writes);
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(20);
    for (const { reason } of refused) expect(reason).toMatchObject(overQuota);
    expect((await amountOf(store)).bytes).toBeLessThanOrEqual(most.bytes);
    await counted();
  });

  it('takes no more objects than it may, and goes on when there is room again', async () => {
    for (let at = 0; at < 20; at += 1) await bounded.commit([put('configmaps', `default/${at}`, 1)]);
    await expect(bounded.commit([put('configmaps', 'default/more', 1)])).rejects.toMatchObject(overQuota);
    await bounded.commit([{ op: 'delete', type: 'configmaps', name: 'default/3', expect: 'any' }]);
    await bounded.commit([put('configmaps', 'default/more', 1)]);
    await counted();
  });

  it('takes what makes an object smaller, and counts what grows and what fails', async () => {
    const [made] = await bounded.commit([put('configmaps', 'default/a', 9000)]);
    await expect(bounded.commit([put('configmaps', 'default/a', 10_500, { expect: 'any' })])).rejects.toMatchObject(
      overQuota,
    );
    await expect(bounded.commit([put('configmaps', 'default/a', 10)])).rejects.toMatchObject({
      failure: { code: 'conflict' },
    });
    await counted();
    await bounded.commit([put('configmaps', 'default/a', 100, { expect: made?.revision ?? 0 })]);
    await counted();
  });

  it('counts each write of many alone where they do not fit together', async () => {
    await bounded.commit([put('configmaps', 'default/a', 5000)]);
    const outcomes = await bounded.commitEach([
      put('configmaps', 'default/b', 4000),
      put('configmaps', 'default/c', 4000),
      put('configmaps', 'default/a', 10),
      { op: 'delete', type: 'configmaps', name: 'default/a', expect: 'any' },
    ]);
    expect(outcomes).toMatchObject([
      { revision: expect.any(Number) },
      overQuota,
      { failure: { code: 'conflict' } },
      { revision: expect.any(Number) },
    ]);
    await counted();
  });
});
