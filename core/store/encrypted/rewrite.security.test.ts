// A new key while the store is in use: nothing is lost, nobody is told of anything, and afterwards the former key is needed for nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import { createReplicas } from '../../replica/replicas.ts';
import { bytes, text } from '../contract/samples.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../embedded/embedded-store.ts';
import { restOf } from '../rest-of.ts';
import type { Store } from '../store.ts';
import { encryptSecrets } from './configuration.ts';
import { type Encryption, encryptedStore, type TypeEncryption } from './encrypted-store.ts';
import { reseal } from './rewrite.ts';
import { isSealed, keyNameOf, type SealingKey } from './seal.ts';

const keyOf = (name: string, fill: number): SealingKey => ({ name, secret: Buffer.alloc(32, fill) });
const [first, second] = [keyOf('first', 1), keyOf('second', 2)];

/** What is said of Secrets changes with `use`. */
function live(start: Encryption): Encryption & { use(next: Encryption): void } {
  let now = start;
  return {
    of: (type) => now.of(type),
    use: (next) => {
      now = next;
    },
  };
}
const onlySecrets = (rule: TypeEncryption): Encryption => ({ of: (type) => (type === 'secrets' ? rule : undefined) });

let folder: string;
let engine: EmbeddedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-reseal-'));
  engine = openEmbeddedStore(join(folder, 'state.db'), { tickMs: 0 });
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const head = '{"metadata":{"resourceVersion":"';
const sample = (data: string) => ({ bytes: bytes(`${head}"},"data":"${data}"}`), revisionOffset: head.length });
const shown = (revision: number, data: string) => `${head}${revision}"},"data":"${data}"}`;
const put = (store: Store, name: string, data: string) =>
  store.commit([{ op: 'put', type: 'secrets', name, expect: 'any', value: sample(data) }]);

/** The names of keys that the log and the values of now are sealed with; `plain` for what is not. */
async function sealedWith(): Promise<string[]> {
  const { entries } = await engine.log('secrets', (await engine.bounds('secrets')).compacted, 100_000);
  const { items } = await engine.list('secrets');
  return [...new Set([...entries, ...items].map(({ value }) => (isSealed(value) ? keyNameOf(value) : 'plain')))].sort();
}

describe('a new key', () => {
  it('takes over while others write, delete, read and watch', async () => {
    const encryption = live(encryptSecrets(first));
    const store = encryptedStore(engine, encryption);
    for (let i = 0; i < 90; i++) await put(store, `old-${i}`, `${i}-`.padEnd(20_000, 'x'));
    await put(store, 'to-delete', 'last words');
    const replica = await createReplicas(store).of('secrets');
    const headBefore = await engine.head('secrets');

    encryption.use(encryptSecrets(second, [first]));
    const own: [string, string][] = [];
    let turn = 0;
    // In every pause somebody does something, so that the order is the same in each run.
    const pause = async () => {
      const at = turn++;
      await put(store, `new-${at}`, `written ${at}`);
      own.push([`new-${at}`, `written ${at}`]);
      await put(store, `old-${89 - at}`, `overwritten ${at}`);
      own.push([`old-${89 - at}`, `overwritten ${at}`]);
      if (at === 0) await store.commit([{ op: 'delete', type: 'secrets', name: 'to-delete', expect: 'any' }]);
      const { items } = await store.list('secrets');
      expect(items.length).toBeGreaterThanOrEqual(90);
      expect(text((await store.get('secrets', 'old-0'))?.value)).toContain('"data":"0-x');
      expect((await store.list('secrets', { revision: headBefore })).items).toHaveLength(91);
    };
    const done = await reseal({ engine, store, encryption, pause });
    expect(turn).toBeGreaterThan(2);
    expect(done).toMatchObject({ unreadable: 0 });
    expect(await sealedWith()).toEqual(['second']);
    // Only what somebody wrote has a revision of its own.
    expect(await engine.head('secrets')).toBe(headBefore + own.length + 1);

    encryption.use(encryptSecrets(second));
    await replica.catchUp();
    for (const [name, data] of own) expect(text(replica.get(name)?.bytes)).toContain(`"data":"${data}"`);
    const { entries } = await store.log('secrets', 0, 10_000);
    expect(entries.find(({ op }) => op === 'delete')).toMatchObject({ name: 'to-delete' });
    for (const entry of entries) expect(text(entry.value)).toContain(`"resourceVersion":"${entry.revision}"`);
    await engine.close();
    engine = openEmbeddedStore(join(folder, 'state.db'), { tickMs: 0 });
    const reopened = encryptedStore(engine, encryptSecrets(second));
    for (const [name, data] of own) expect(text((await reopened.get('secrets', name))?.value)).toContain(data);
    tried('values sealed anew under use', done.rewritten);
  });

  it('comes to its end while others write faster than it reads', async () => {
    const encryption = live(encryptSecrets(first));
    const store = encryptedStore(engine, encryption);
    for (let i = 0; i < 60; i++) await put(store, `old-${i}`, 'x'.repeat(20_000));
    encryption.use(encryptSecrets(second, [first]));
    let pauses = 0;
    const pause = async () => {
      expect(pauses++).toBeLessThan(100);
      for (let i = 0; i < 40; i++) await put(store, `new-${i}`, 'y'.repeat(20_000));
      await store.commit([{ op: 'delete', type: 'secrets', name: `old-${59 - pauses}`, expect: 'any' }]);
    };
    await reseal({ engine, store, encryption, pause });
    expect(pauses).toBeGreaterThan(4);
    expect(await sealedWith()).toEqual(['second']);
  });

  it('waits for writes that were sealed with the one before and are under way', async () => {
    let letThrough = () => {};
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const encryption = live(encryptSecrets(first));
    const slow: Store = {
      ...bound(engine),
      commit: async (writes) => {
        await gate;
        return engine.commit(writes);
      },
    };
    const store = encryptedStore(slow, encryption);
    const late = put(store, 'late', 'sealed before');
    encryption.use(encryptSecrets(second, [first]));
    let ended = false;
    const sealing = reseal({ engine, store, encryption }).then((done) => {
      ended = true;
      return done;
    });
    for (let i = 0; i < 20; i++) await yieldToEventLoop();
    expect(ended).toBe(false);
    letThrough();
    await late;
    expect(await sealing).toEqual({ rewritten: 1, unreadable: 0 });
    expect(await sealedWith()).toEqual(['second']);
  });

  it('is read by who began to read before it came, and the former one by who began before it went', async () => {
    const encryption = live(encryptSecrets(first));
    let letThrough = () => {};
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const slow: Store = {
      ...bound(engine),
      list: async (type, options) => {
        const page = await engine.list(type, options);
        await gate;
        return page;
      },
    };
    const store = encryptedStore(slow, encryption);
    await put(store, 'a', 'of the first');
    const before = store.list('secrets');
    encryption.use(encryptSecrets(second, [first]));
    await put(store, 'b', 'of the second');
    const between = store.list('secrets');
    await reseal({ engine, store, encryption });
    encryption.use(encryptSecrets(second));
    letThrough();
    expect((await before).items.map(({ value }) => text(value))).toEqual([shown(1, 'of the first')]);
    expect((await between).items).toHaveLength(2);
  });

  it('seals what was plain, and identity unseals, with the revisions where they were', async () => {
    const encryption = live(onlySecrets({ writeKey: undefined, readKeys: new Map(), readsPlain: true }));
    const store = encryptedStore(engine, encryption);
    await put(store, 'a', 'one');
    await put(store, 'gone', 'two');
    await store.commit([{ op: 'delete', type: 'secrets', name: 'gone', expect: 'any' }]);
    expect(await sealedWith()).toEqual(['plain']);
    encryption.use(encryptSecrets(first));
    expect(await reseal({ engine, store, encryption })).toEqual({ rewritten: 3, unreadable: 0 });
    expect(await sealedWith()).toEqual(['first']);
    expect(text((await store.get('secrets', 'a'))?.value)).toBe(shown(1, 'one'));
    const values = (await store.log('secrets', 0)).entries.map(({ value }) => text(value));
    expect(values).toEqual([shown(1, 'one'), shown(2, 'two'), shown(3, 'two')]);
    encryption.use(onlySecrets({ writeKey: undefined, readKeys: new Map([['first', first]]), readsPlain: true }));
    await reseal({ engine, store, encryption });
    expect(await sealedWith()).toEqual(['plain']);
    const [deleted] = await store.commit([{ op: 'delete', type: 'secrets', name: 'a', expect: 'any' }]);
    expect(text(deleted?.value)).toBe(shown(4, 'one'));
  });

  it('leaves what no key opens, and says how much that is', async () => {
    await put(encryptedStore(engine, encryptSecrets(keyOf('lost', 9))), 'a', 'one');
    const encryption = encryptSecrets(second, [first]);
    const store = encryptedStore(engine, encryption);
    await put(encryptedStore(engine, encryptSecrets(first)), 'b', 'two');
    expect(await reseal({ engine, store, encryption })).toEqual({ rewritten: 1, unreadable: 1 });
    expect(await sealedWith()).toEqual(['lost', 'second']);
  });

  it('goes past what was compacted, and a second time changes nothing', async () => {
    const store = encryptedStore(engine, encryptSecrets(first));
    for (let i = 0; i < 600; i++) await put(store, `s-${i % 5}`, String(i));
    await engine.compact('secrets', 600);
    await put(store, 'last', 'one');
    const encryption = encryptSecrets(second, [first]);
    const rotated = encryptedStore(engine, encryption);
    expect((await reseal({ engine, store: rotated, encryption })).rewritten).toBe(6);
    expect((await reseal({ engine, store: rotated, encryption })).rewritten).toBe(0);
    expect(await sealedWith()).toEqual(['second']);
  });
});

function bound(store: Store): Store {
  return {
    ...restOf(store),
    commit: (writes) => store.commit(writes),
    commitEach: (writes) => store.commitEach(writes),
  };
}
