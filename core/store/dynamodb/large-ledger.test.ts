// Which large values go, which stay, and what a slow writer may still do.

import { beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { failure } from '../contract/samples.ts';
import type { DynamoCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { type LargeValues, youngestCollectedMs } from './large-values.ts';
import { type MemoryLargeValues, memoryLargeValues } from './testing/large-values.ts';

const day = 24 * 3600_000;
let now: number;
let calls: DynamoCalls;
let large: MemoryLargeValues;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  calls = modelCalls(new ModelTable(() => now));
  large = memoryLargeValues();
});

function open({ values = large, changes = {} }: { values?: LargeValues; changes?: Partial<DynamoCalls> } = {}) {
  return openDynamoStore({
    calls: { ...calls, ...changes },
    table: 'store',
    large: values,
    retentionMs: day,
    now: () => now,
    random: () => 0.5,
    sleep: async (ms) => {
      now += ms;
    },
  });
}

/** Bytes that do not compress, the same for the same seed. */
function noise(seed: number): { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(400_000);
  for (let i = 0, state = seed; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return { bytes };
}

const put = (name: string, seed: number) =>
  ({ op: 'put', type: 'secrets', name, expect: 'any', value: noise(seed) }) as const;
const remove = (name: string) => ({ op: 'delete', type: 'secrets', name, expect: 'any' }) as const;

/** As the controllers' housekeeping does. */
async function giveUpLog(store: ReturnType<typeof open>) {
  await store.compact('secrets', await store.head('secrets'));
}

describe('large values', () => {
  it('stay while their object, or an entry that can be read, refers to them, and go then', async () => {
    const store = open();
    await store.commit([put('kept', 1)]);
    await store.commit([put('changed', 2)]);
    await store.commit([put('changed', 3)]);
    await store.commit([put('deleted', 4)]);
    await store.commit([remove('deleted')]);
    expect(large.names).toHaveLength(4);
    now += 2 * day;
    expect(await store.collect()).toBe(0);
    expect((await store.past('secrets', 'changed')).entries).toHaveLength(2);
    await giveUpLog(store);
    expect(await store.collect()).toBe(2);
    expect(await store.collect()).toBe(0);
    expect(large.names).toHaveLength(2);
    expect((await store.get('secrets', 'kept'))?.value).toEqual(noise(1).bytes);
    expect((await store.get('secrets', 'changed'))?.value).toEqual(noise(3).bytes);
    // The entry before is there yet, and says what it held no longer.
    expect(await store.past('secrets', 'changed')).toMatchObject({ entries: [{ revision: 3 }], gone: true });
  });

  it('of a writer that ended before it committed go, once they are a day old', async () => {
    const ended = open({
      changes: {
        transactWriteItems: async () => {
          throw new Error('killed');
        },
      },
    });
    await expect(ended.commit([put('never', 1)])).rejects.toThrow('killed');
    expect(large.names).toHaveLength(1);
    now += youngestCollectedMs - 1000;
    expect(await open().collect()).toBe(0);
    now += 2000;
    expect(await open().collect()).toBe(1);
    expect(large.names).toEqual([]);
  });

  it('are each written under a name of their own, the same content twice as well', async () => {
    const store = open();
    await store.commit([put('one', 1)]);
    await store.commit([put('two', 1)]);
    expect(large.names).toHaveLength(2);
    now += 2 * day;
    await store.commit([remove('one')]);
    await giveUpLog(store);
    expect(await store.collect()).toBe(1);
    expect((await store.get('secrets', 'two'))?.value).toEqual(noise(1).bytes);
  });

  it('are not referred to by a writer who stood still for a day before it took its revision', async () => {
    const slow = open({
      values: {
        ...large,
        async put(name, bytes) {
          await large.put(name, bytes);
          now += youngestCollectedMs + 1000;
          expect(await open().collect()).toBe(1);
        },
      },
    });
    await failure('throttled', slow.commit([put('late', 1)]));
    expect(await open().get('secrets', 'late')).toBeUndefined();
    expect(large.names).toEqual([]);
  });

  it('are not referred to by a writer whose transaction arrives a day late', async () => {
    let frozen = true;
    const slow = open({
      changes: {
        async transactWriteItems(input) {
          if (frozen) {
            frozen = false;
            now += youngestCollectedMs + 1000;
            expect(await open().collect()).toBe(1);
          }
          return calls.transactWriteItems(input);
        },
      },
    });
    await failure('throttled', slow.commit([put('late', 1)]));
    expect(await open().get('secrets', 'late')).toBeUndefined();
    const store = open();
    expect((await store.log('secrets', (await store.bounds('secrets')).compacted)).entries).toEqual([]);
  });

  it('of an object that is deleted while they are looked at stay for its entry', async () => {
    const store = open();
    await store.commit([put('a', 1)]);
    now += 2 * day;
    await giveUpLog(store);
    let seen = 0;
    const collector = open({
      changes: {
        async getItem(input) {
          const answer = await calls.getItem(input);
          // After its object was read for the first time: deleted, which carries the value into the log.
          if (input.Key?.['s']?.S === 'a' && ++seen === 1) await store.commit([remove('a')]);
          return answer;
        },
      },
    });
    expect(await collector.collect()).toBe(0);
    expect((await store.past('secrets', 'a')).entries[0]).toMatchObject({ op: 'delete', value: noise(1).bytes });
  });

  it('are collected in the end whatever ends a collector in the middle', async () => {
    const store = open();
    for (let i = 0; i < 5; i++) await store.commit([put('a', i + 1)]);
    now += 2 * day;
    await giveUpLog(store);
    // Before and after the value, before and after its note.
    for (const when of ['before', 'after'] as const) {
      const failing: LargeValues = {
        ...large,
        async remove(name) {
          if (when === 'after') await large.remove(name);
          throw new Error('killed');
        },
      };
      await expect(open({ values: failing }).collect()).rejects.toThrow('killed');
      const deleteItem: DynamoCalls['deleteItem'] = async (input) => {
        if (when === 'after') await calls.deleteItem(input);
        throw new Error('killed');
      };
      await expect(open({ changes: { deleteItem } }).collect()).rejects.toThrow('killed');
    }
    await store.collect();
    expect(large.names).toHaveLength(1);
    expect((await store.get('secrets', 'a'))?.value).toEqual(noise(5).bytes);
    expect(await store.collect()).toBe(0);
  });
});
