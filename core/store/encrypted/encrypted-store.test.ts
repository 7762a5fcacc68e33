import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReplicas } from '../../replica/replicas.ts';
import { bytes, failure, put, text } from '../contract/samples.ts';
import { storeContract } from '../contract.ts';
import { restoreEmbeddedStore } from '../embedded/backup.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../embedded/embedded-store.ts';
import type { Store } from '../store.ts';
import { encryptSecrets, readEncryptionConfiguration } from './configuration.ts';
import { type Encryption, encryptedStore } from './encrypted-store.ts';

const secret = (fill: number) => Buffer.alloc(32, fill);
const key = { name: 'generated', secret: secret(1) };

storeContract('encrypted over embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-encrypted-'));
  let now = Date.now();
  const engine = openEmbeddedStore(join(folder, 'store.db'), { now: () => now, tickMs: 0 });
  const rule = { writeKey: key, readKeys: new Map([[key.name, key]]), readsPlain: false };
  return {
    store: encryptedStore(engine, { of: () => rule }),
    expire: async (nowSeconds) => {
      now = nowSeconds * 1000;
      await engine.tick();
    },
    dispose: async () => {
      await engine.close();
      rmSync(folder, { recursive: true });
    },
  };
});

let folder: string;
let engine: EmbeddedStore;
const path = () => join(folder, 'state.db');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-encrypted-'));
  engine = openEmbeddedStore(path(), { tickMs: 0 });
});
afterEach(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const object = (name: string, value: string) => {
  const head = '{"metadata":{"resourceVersion":"';
  return { bytes: bytes(`${head}","name":"${name}"},"data":"${value}"}`), revisionOffset: head.length };
};
const write = (store: Store, name: string, value: string, type = 'secrets') =>
  store.commit([{ op: 'put', type, name, expect: 'any', value: object(name, value) }]);
const read = async (store: Store, name: string, type = 'secrets') => text((await store.get(type, name))?.value);

function onDisk(word: string): string[] {
  return readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes(word));
}

const configuration = (providers: object[], resources = ['secrets']) =>
  readEncryptionConfiguration(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources, providers }],
    }),
    [key],
  );
const aesgcm = (name: string, fill: number) => ({
  aesgcm: { keys: [{ name, secret: secret(fill).toString('base64') }] },
});

describe('a Secret in an encrypted store', () => {
  it('is as it was written to its readers, with its revision, and in no file', async () => {
    const store = encryptedStore(engine, encryptSecrets(key));
    const replica = await createReplicas(store).of('secrets');
    const values: string[] = [];
    store.onCommit((_type, _head, entries = []) => values.push(...entries.map(({ value }) => text(value))));
    const [committed] = await write(store, 'default/db', 'pass-word-1');
    const expected = '{"metadata":{"resourceVersion":"1","name":"default/db"},"data":"pass-word-1"}';
    expect(text(committed?.value)).toBe(expected);
    expect(await read(store, 'default/db')).toBe(expected);
    expect(values).toEqual([expected]);
    expect((await store.list('secrets')).items.map(({ value }) => text(value))).toEqual([expected]);
    await write(store, 'default/db', 'pass-word-2');
    const logged = (await store.log('secrets', 0)).entries.map(({ value }) => text(value));
    expect(logged).toEqual([expected, expected.replace('"1"', '"2"').replace('word-1', 'word-2')]);
    await replica.catchUp();
    expect(text(replica.get('default/db')?.bytes)).toContain('pass-word-2');
    const [deleted] = await store.commit([{ op: 'delete', type: 'secrets', name: 'default/db', expect: 2 }]);
    expect(text(deleted?.value)).toContain('"resourceVersion":"3"');

    await write(store, 'default/open', 'plain-word', 'configmaps');
    expect(onDisk('plain-word')).not.toEqual([]);
    expect(onDisk('pass-word')).toEqual([]);
    await engine.backup(join(folder, 'copy.db'));
    expect(onDisk('pass-word')).toEqual([]);
  });

  it('tells whoever lost a race the state that won', async () => {
    const store = encryptedStore(engine, encryptSecrets(key));
    await write(store, 'a', 'won');
    const { current } = await failure('conflict', store.commit([put('a', 0, 'lost', 'secrets')]));
    expect(text(current?.value)).toContain('"data":"won"');
  });

  it('comes back from a backup with the same key', async () => {
    const store = encryptedStore(engine, encryptSecrets(key));
    await write(store, 'a', 'kept');
    await engine.backup(join(folder, 'copy.db'));
    await engine.close();
    restoreEmbeddedStore(join(folder, 'copy.db'), path());
    engine = openEmbeddedStore(path(), { tickMs: 0 });
    expect(await read(encryptedStore(engine, encryptSecrets(key)), 'a')).toContain('kept');
  });

  it('is read where it was written before there was encryption', async () => {
    await write(engine, 'a', 'old');
    expect(await read(encryptedStore(engine, encryptSecrets(key)), 'a')).toContain('old');
    const strict = encryptedStore(engine, await configuration([aesgcm('k', 2)]));
    const { why } = await failure('sealed', strict.get('secrets', 'a'));
    expect(why).toContain('identity');
  });

  it('does not open under the name of another, nor when a byte of it changed', async () => {
    const store = encryptedStore(engine, encryptSecrets(key));
    await write(store, 'a', 'of a');
    const stolen = (await engine.get('secrets', 'a'))?.value ?? bytes('');
    await engine.commit([{ op: 'put', type: 'secrets', name: 'b', expect: 0, value: { bytes: stolen } }]);
    expect(await failure('sealed', store.get('secrets', 'b'))).toMatchObject({ type: 'secrets', name: 'b' });
    const changed = Uint8Array.from(stolen);
    changed[changed.length - 20] = (changed[changed.length - 20] ?? 0) ^ 1;
    await engine.commit([{ op: 'put', type: 'secrets', name: 'a', expect: 'any', value: { bytes: changed } }]);
    await failure('sealed', store.get('secrets', 'a'));
  });
});

describe('keys', () => {
  it('rotate by their order: the first writes, all of them read', async () => {
    await write(encryptedStore(engine, encryptSecrets(key)), 'a', 'one');
    const second = encryptedStore(engine, await configuration([aesgcm('k1', 2), { identity: {} }]));
    await write(second, 'b', 'two');
    const third = encryptedStore(engine, await configuration([aesgcm('k2', 3), aesgcm('k1', 2)]));
    await write(third, 'c', 'three');
    const all = (await third.list('secrets')).items.map(({ value }) => JSON.parse(text(value)).data);
    expect(all).toEqual(['one', 'two', 'three']);
    // Written anew, everything is of the newest key, and the others may go.
    for (const [name, value] of [
      ['a', 'one'],
      ['b', 'two'],
    ] as const)
      await write(third, name, value);
    const alone = encryptedStore(engine, await configuration([aesgcm('k2', 3)]));
    expect((await alone.list('secrets')).items).toHaveLength(3);
  });

  it('that are gone are named, with the object that needs them; history is forgotten with them', async () => {
    await write(encryptedStore(engine, await configuration([aesgcm('k1', 2)])), 'default/db', 'x');
    const without = encryptedStore(engine, await configuration([aesgcm('k2', 3)]));
    const error = await without.list('secrets').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: 'secrets default/db cannot be decrypted: its key "k1" is not there: put it back.',
    });
    expect(await failure('compacted', without.log('secrets', 0))).toMatchObject({ compactedRevision: 1 });
    const other = encryptedStore(engine, await configuration([aesgcm('k1', 9)]));
    expect(await failure('sealed', other.get('secrets', 'default/db'))).toMatchObject({ name: 'default/db' });
  });

  it('that are gone leave the rest to readers, who hear what is missing', async () => {
    await write(encryptedStore(engine, await configuration([aesgcm('k1', 2)])), 'a', 'one');
    await write(encryptedStore(engine, await configuration([aesgcm('k1', 2)])), 'b', 'two');
    const store = encryptedStore(engine, await configuration([aesgcm('k2', 3)]));
    await write(store, 'c', 'three');
    const { items, sealed } = await store.list('secrets', { includeSealed: true });
    expect(items.map(({ name }) => name)).toEqual(['c']);
    expect(sealed).toEqual([
      { name: 'a', revision: 1, why: 'its key "k1" is not there: put it back' },
      { name: 'b', revision: 2, why: 'its key "k1" is not there: put it back' },
    ]);
    const replica = await createReplicas(store).of('secrets');
    expect([...replica.snapshot()].map(({ name }) => name)).toEqual(['c']);
    expect([...replica.sealed.keys()]).toEqual(['a', 'b']);
    await store.commit([{ op: 'delete', type: 'secrets', name: 'a', expect: 1, value: object('a', 'gone') }]);
    await write(store, 'b', 'anew');
    await replica.catchUp();
    expect([...replica.sealed.keys()]).toEqual([]);
    expect([...replica.snapshot()].map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it('that are taken out after everything was written anew leave a log that readers get past', async () => {
    await write(encryptedStore(engine, await configuration([aesgcm('k1', 2)])), 'a', 'one');
    const store = encryptedStore(engine, await configuration([aesgcm('k2', 3)]));
    await write(store, 'a', 'anew');
    const replica = await createReplicas(store).of('secrets');
    expect(await replica.catchUp()).toBe(2);
    expect(text(replica.get('a')?.bytes)).toContain('anew');
    expect(replica.sealed.size).toBe(0);
  });

  it('are no longer used when identity comes first', async () => {
    const off = encryptedStore(engine, await configuration([{ identity: {} }, aesgcm('k1', 2)]));
    await write(encryptedStore(engine, await configuration([aesgcm('k1', 2)])), 'a', 'sealed');
    await write(off, 'b', 'plain');
    expect((await off.list('secrets')).items).toHaveLength(2);
    expect(text((await engine.get('secrets', 'b'))?.value)).toContain('plain');
  });
});

describe('an EncryptionConfiguration', () => {
  const covers = (encryption: Encryption, ...types: string[]) => types.filter((type) => encryption.of(type));

  it('names resources of any group, and groups as a whole', async () => {
    const types = ['secrets', 'configmaps', 'apps/deployments', 'example.com/widgets', 'zeroplane/keys'];
    const of = async (...resources: string[]) => covers(await configuration([aesgcm('k', 1)], resources), ...types);
    expect(await of('secrets', 'widgets.example.com')).toEqual(['secrets', 'example.com/widgets']);
    expect(await of('*.')).toEqual(['secrets', 'configmaps']);
    expect(await of('*.apps')).toEqual(['apps/deployments']);
    expect(await of('*.*')).toEqual(['secrets', 'configmaps', 'apps/deployments', 'example.com/widgets']);
  });

  it('tells everything that is wrong with it, and never a key', async () => {
    const short = Buffer.alloc(5, 7).toString('base64');
    const providers = [
      { aescbc: { keys: [] } },
      { secretbox: {} },
      {
        aesgcm: {
          keys: [
            { name: 'a', secret: short },
            { name: 'a', secret: secret(1).toString('base64') },
          ],
        },
      },
      { aesgcm: { keys: [{ secret: '' }] } },
      {},
    ];
    const error = await configuration(providers, ['secrets', 'secrets', '*']).catch((reason: Error) => reason);
    const { message } = error as Error;
    for (const expected of [
      'resources[0].resources[1]: Duplicate value',
      'resources[0].resources[2]: Invalid value',
      'resources[0].providers[0].aescbc: Forbidden',
      'resources[0].providers[1].secretbox: Forbidden',
      'resources[0].providers[2].aesgcm.keys[0].secret: Invalid value: "<omitted>": has 5 bytes',
      'resources[0].providers[2].aesgcm.keys[1].name: Duplicate value',
      'resources[0].providers[3].aesgcm.keys[0].name: Required value',
      'resources[0].providers[4]: Required value',
    ])
      expect(message).toContain(expected);
    expect(message).not.toContain(short);
  });
});
