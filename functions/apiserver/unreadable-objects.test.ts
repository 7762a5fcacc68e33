// Secrets whose key is lost: what can still be done beside them, and how they go.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReplicas } from '../../core/replica/replicas.ts';
import { openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { encodeObject } from '../../core/store/encode-object.ts';
import { encryptSecrets } from '../../core/store/encrypted/configuration.ts';
import { encryptedStore } from '../../core/store/encrypted/encrypted-store.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const option = 'ignoreStoreReadErrorWithClusterBreakingPotential';
const unsafe = { kind: 'DeleteOptions', apiVersion: 'v1', [option]: true };

let t: TestApi;
let close: () => Promise<void>;
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unreadable-'));
  const engine = openEmbeddedStore(join(folder, 'state.db'));
  const lost = encryptedStore(engine, encryptSecrets({ name: 'lost', secret: Buffer.alloc(32, 1) }));
  for (const name of ['a', 'b']) {
    const value = encodeObject({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name, namespace: 'default', uid: name },
    });
    await lost.commit([{ op: 'put', type: 'secrets', name: `default/${name}`, expect: 0, value }]);
  }
  const store = encryptedStore(engine, encryptSecrets({ name: 'new', secret: Buffer.alloc(32, 2) }));
  const replicas = createReplicas(store);
  t = await openTestApi({ store, replicas }, { store, replicas });
  await t.namespace('default');
  await t.namespace('other');
  close = async () => {
    replicas.close();
    await t.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  };
});
afterEach(() => close());

it('are named by reads that need them, and in the way of nothing else', async () => {
  const why = 'its key "lost" is not there: put it back';
  expect(await t.get(`${secrets}/a`)).toMatchObject({
    status: 500,
    body: { reason: 'StorageReadError', details: { causes: [{ field: 'default/a', message: why }] } },
  });
  for (const list of [secrets, '/api/v1/secrets', `${secrets}?watch=1&resourceVersion=0`])
    expect((await t.api.handle(t.request('GET', list))).status).toBe(500);
  expect(await t.get(secrets)).toMatchObject({
    body: {
      reason: 'StorageReadError',
      message: `secrets "default/a" cannot be decrypted: ${why} (and 1 more of them)`,
      details: {
        kind: 'secrets',
        causes: [
          { reason: 'UnexpectedServerResponse', field: 'default/a', message: why },
          { reason: 'UnexpectedServerResponse', field: 'default/b', message: why },
        ],
      },
    },
  });
  expect(await t.get('/api/v1/secrets?fieldSelector=metadata.name%3Da')).toMatchObject({ status: 500 });
  expect(await t.get(`${secrets}?fieldSelector=metadata.name%3Dc`)).toMatchObject({ status: 200 });
  expect(await t.post(secrets, { metadata: { name: 'c' } })).toMatchObject({ status: 201 });
  expect(await t.post(secrets, { metadata: { name: 'a' } })).toMatchObject({ status: 500 });
  expect(await t.get('/api/v1/namespaces/other/secrets')).toMatchObject({ status: 200, body: { items: [] } });
});

it('can be deleted unread, and watchers hear of it', async () => {
  const { resourceVersion } = (await t.post(secrets, { metadata: { name: 'c' } })).body.metadata;
  const watch = await t.watch(`${secrets}?watch=1&resourceVersion=${resourceVersion}`);
  expect(await t.remove(`${secrets}/a`)).toMatchObject({ status: 500 });
  expect(await t.remove(`${secrets}/a`, { body: unsafe })).toMatchObject({ status: 200, body: { status: 'Success' } });
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { kind: 'Secret', metadata: { name: 'a' } } });
  await watch.stop();
  expect(await t.get(secrets)).toMatchObject({ status: 500, body: { details: { causes: [{ field: 'default/b' }] } } });
  expect(await t.remove(`${secrets}/b?${option}=true`)).toMatchObject({ status: 200 });
  expect((await t.get(secrets)).body.items).toMatchObject([{ metadata: { name: 'c' } }]);
  expect(await t.post(secrets, { metadata: { name: 'a' } })).toMatchObject({ status: 201 });
});

it('are deleted unread only where they are unreadable, by whoever may, and one by one', async () => {
  await t.post(secrets, { metadata: { name: 'c' } });
  expect(await t.remove(`${secrets}/c`, { body: unsafe })).toMatchObject({
    status: 422,
    body: { details: { causes: [{ field: option }] }, message: expect.stringContaining('exclusively') },
  });
  expect(await t.remove(`${secrets}/none`, { body: unsafe })).toMatchObject({ status: 404 });
  expect(await t.remove(`${secrets}/a`, { body: { ...unsafe, gracePeriodSeconds: 0 } })).toMatchObject({ status: 422 });
  expect(await t.remove(secrets, { body: unsafe })).toMatchObject({ status: 422 });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const grant = async (...verbs: string[]) => {
    const name = verbs.join('-');
    await t.post(`${rbac}/clusterroles`, {
      metadata: { name },
      rules: [{ verbs, apiGroups: [''], resources: ['secrets'] }],
    });
    await t.post(`${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
    });
  };
  const eve = { as: { name: 'eve' }, body: unsafe };
  await grant('delete');
  expect(await t.remove(`${secrets}/a`, eve)).toMatchObject({
    status: 403,
    body: { message: expect.stringContaining('cannot unsafe-delete-ignore-read-errors resource "secrets"') },
  });
  await grant('unsafe-delete-ignore-read-errors');
  expect(await t.remove(`${secrets}/a`, eve)).toMatchObject({ status: 200 });
});
