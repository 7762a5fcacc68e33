// What the engine does when requests fail at a given point: each test fails one.

import { beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { refused, timedOut } from '../../../test/simulation/model/errors.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { bytes, failure, put, readable, text } from '../contract/samples.ts';
import type { DynamoCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { readSlot } from './items.ts';
import { collectedAtAttribute } from './table.ts';

let now: number;
let table: ModelTable;
let calls: DynamoCalls;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  table = new ModelTable(() => now);
  calls = modelCalls(table);
});

/** A store whose waits take no time but move the clock. */
function open(changes: Partial<DynamoCalls> = {}) {
  return openDynamoStore({
    calls: { ...calls, ...changes },
    table: 'store',
    now: () => now,
    random: () => 0.5,
    sleep: async (ms) => {
      now += ms;
    },
  });
}

/** Fails the given sendings (from 1) of a request, before its effect or after it. */
function failing<M extends keyof DynamoCalls>(
  method: M,
  sendings: (n: number) => boolean,
  error: () => Error,
  when: 'before' | 'after',
): Partial<DynamoCalls> {
  let n = 0;
  const send = async (input: never) => {
    n++;
    if (!sendings(n)) return calls[method](input);
    if (when === 'after') await calls[method](input);
    throw error();
  };
  return { [method]: send };
}

const first = (n: number) => n === 1;
const all = () => true;
const throttle = () => refused('ThrottlingException');

describe('a transaction that times out', () => {
  it('after its effect is found to have happened, once', async () => {
    const store = open(failing('transactWriteItems', first, timedOut, 'after'));
    expect(await store.commit([put('x', 0, 'one')])).toMatchObject([{ revision: 1 }]);
    expect((await store.log('pods', 0)).entries).toHaveLength(1);
  });

  it('for the whole budget, but took effect, is found out by its slot of the log', async () => {
    const store = open(failing('transactWriteItems', all, timedOut, 'after'));
    expect(await store.commit([put('x', 0, 'one')])).toMatchObject([{ revision: 1 }]);
  });

  it('for the whole budget without effect is fenced, so that it never takes effect, and told as not written', async () => {
    const sent: Parameters<DynamoCalls['transactWriteItems']>[0][] = [];
    const lost = open({
      transactWriteItems: async (input) => {
        sent.push(input);
        throw timedOut();
      },
    });
    await failure('throttled', lost.commit([put('x', 0, 'one')]));
    // The request arrives at last.
    const [late] = sent;
    await expect(late && calls.transactWriteItems(late)).rejects.toMatchObject({
      name: 'TransactionCanceledException',
    });
    expect(await open().get('pods', 'x')).toBeUndefined();
  });

  it('is ambiguous when nothing more can be learnt', async () => {
    const store = open({
      ...failing('transactWriteItems', all, timedOut, 'before'),
      ...failing('putItem', (n) => n > 1, timedOut, 'before'),
    });
    expect(await failure('ambiguous', store.commit([put('x', 0, 'one')]))).toEqual({ type: 'pods', name: 'x' });
  });
});

describe('a gap in the log', () => {
  /** A writer that takes a revision and dies. */
  const die = async () => {
    const dying = open({
      transactWriteItems: () => {
        throw new Error('died');
      },
      putItem: (input) => (input.Item?.['k'] ? Promise.reject(new Error('died')) : calls.putItem(input)),
    });
    await expect(dying.commit([put('x', 0, 'lost')])).rejects.toThrow('died');
  };

  it('is fenced by whoever reads, and passed over', async () => {
    await open().commit([put('a', 0, '1')]);
    await die();
    await open().commit([put('b', 0, '1')]);
    const store = open();
    expect(await store.log('pods', 0)).toMatchObject({ through: 1, head: 3 });
    const page = await store.log('pods', 1);
    expect(page.through).toBe(3);
    expect(page.entries.map((entry) => entry.name)).toEqual(['b']);
    const fences = [...table.items()].filter((item) => item['k']?.S === 'f').map(readSlot);
    expect(fences.map((fence) => fence.revision)).toEqual([2]);
  });

  it('is waited for before that', async () => {
    await die();
    const before = now;
    await open().log('pods', 0);
    expect(now - before).toBeGreaterThanOrEqual(250);
    expect(now - before).toBeLessThan(1000);
  });

  it('that may once have been filled and collected is not fenced in silence: readers from below list anew', async () => {
    const store = open();
    for (let i = 0; i < 3; i++) await store.commit([put('x', 'any', String(i))]);
    now += 48 * 3600_000;
    expect(table.collect(collectedAtAttribute, now / 1000)).toBe(3);
    const { compactedRevision } = await failure('compacted', open().log('pods', 0));
    expect(compactedRevision).toBeGreaterThan(0);
    const list = await open().list('pods');
    expect(list.items.map(readable)).toEqual([{ name: 'x', revision: 3, value: '2' }]);
    expect(list.revision).toBe(3);
  });
});

describe('refused requests', () => {
  it('are sent again', async () => {
    const store = open({
      ...failing('transactWriteItems', first, throttle, 'before'),
      ...failing('updateItem', first, throttle, 'before'),
      ...failing('getItem', first, throttle, 'before'),
    });
    await store.commit([put('x', 0, 'one')]);
    expect(text((await store.get('pods', 'x'))?.value)).toBe('one');
  });

  it('end with throttled when the budget is spent, and nothing is written', async () => {
    const store = open(failing('transactWriteItems', all, throttle, 'before'));
    const { retryAfterMs } = await failure('throttled', store.commit([put('x', 0, 'one')]));
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(await open().get('pods', 'x')).toBeUndefined();
    expect((await open().log('pods', 0)).entries).toEqual([]);
  });
});

describe('values', () => {
  it('above an item’s room are too large where there is no other place for them', async () => {
    const noise = new Uint8Array(400_000).map((_, i) => (Math.imul(i, 2654435761) >>> 13) ^ (Math.imul(i, i) >>> 7));
    const write = { op: 'put', type: 'pods', name: 'x', expect: 0, value: { bytes: noise } } as const;
    const data = await failure('tooLarge', open().commit([write]));
    expect(data).toMatchObject({ name: 'x', limit: 350_000 });
    expect(await open().head('pods')).toBe(0);
  });

  it('of a deleted item are gone from the table with its tombstone, once the log is compacted', async () => {
    const store = open();
    await store.commit([put('x', 0, 'one'), put('y', 0, 'one')]);
    await store.commit([{ op: 'delete', type: 'pods', name: 'x', expect: 1, value: { bytes: bytes('last') } }]);
    const objects = () =>
      [...table.items()].filter((item) => item['p']?.S === 'object#pods').map((item) => item['s']?.S);
    expect(objects()).toEqual(['x', 'y']);
    await store.compact('pods', 3);
    expect(objects()).toEqual(['y']);
  });
});

it('finds the newest revision of a time, though the clocks of writers differ', async () => {
  const begin = now;
  const write = async (name: string, ms: number) => {
    now = begin + ms;
    await open().commit([put(name, 0, name)]);
  };
  for (const [name, ms] of [
    ['a', 0],
    ['b', 40],
    ['c', 38],
    ['d', 39],
    ['e', 45],
    ['f', 60],
  ] as const)
    await write(name, ms);
  now = begin + 1000;
  const at = (ms: number) => open().revisionAt('pods', begin + ms);
  expect(await Promise.all([at(0), at(38), at(39), at(40), at(44), at(45), at(99)])).toEqual([1, 3, 4, 4, 4, 5, 6]);
});
