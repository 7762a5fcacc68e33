// Who may read an object may read what it was, and nobody else: not those whose right was taken away, not who has its name, or the name of
// its namespace, after others.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptedStore } from '../../../core/store/encrypted/encrypted-store.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
let now: Date;
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const maps = '/api/v1/namespaces/tenant/configmaps';
const secrets = '/api/v1/namespaces/tenant/secrets';
const eve = { as: { name: 'eve' } };

/** Real clocks do not stand still either. */
function later(seconds = 10): string {
  now = new Date(now.getTime() + seconds * 1000);
  return now.toISOString();
}

beforeEach(async () => {
  now = new Date('2026-03-01T00:00:00Z');
  const clock = () => now;
  t = await openTestApi({ now: clock }, { clock });
  await makeTenant();
});

afterEach(() => t.close());

async function makeTenant() {
  await t.post('/api/v1/namespaces', { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'tenant' } });
  later();
}

async function allow(name: string, rules: object[]) {
  const metadata = { name, namespace: 'tenant' };
  await t.post(`${rbac}/namespaces/tenant/roles`, { metadata, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }];
  await t.post(`${rbac}/namespaces/tenant/rolebindings`, { metadata, roleRef, subjects });
}

/** Its values one after the other, ten seconds apart. */
async function write(path: string, name: string, values: readonly string[]) {
  for (const [at, value] of values.entries()) {
    const data = { key: path === secrets ? Buffer.from(value).toString('base64') : value };
    const body = { metadata: { name, namespace: 'tenant' }, data };
    const { status } = at === 0 ? await t.post(path, body) : await t.put(`${path}/${name}`, body);
    expect(status).toBeLessThan(300);
    later();
  }
}

/** The namespace and all that is in it go, as its controller takes them. */
async function endTenant(...paths: readonly string[]) {
  for (const path of [
    ...paths,
    `${rbac}/namespaces/tenant/rolebindings/reader`,
    `${rbac}/namespaces/tenant/roles/reader`,
  ])
    await t.remove(path);
  await t.remove('/api/v1/namespaces/tenant');
  await t.put('/api/v1/namespaces/tenant/finalize', { metadata: { name: 'tenant' }, spec: { finalizers: [] } });
  expect((await t.get('/api/v1/namespaces/tenant')).status).toBe(404);
  later();
}

const valuesOf = (body: { items: { object: { data: { key: string } } }[] }) =>
  body.items.map(({ object }) => object.data.key);

describe('rights', () => {
  it('are those of a get: who may not read the object may not read its past', async () => {
    await write(maps, 'c', ['one', 'two']);
    const asked = ['history=changes', 'history=state&at=2026-03-01T00:00:12Z', 'history=state&at=1'];
    for (const query of asked) expect((await t.get(`${maps}/c?${query}`, eve)).status).toBe(403);
    await allow('reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]);
    for (const query of asked) expect((await t.get(`${maps}/c?${query}`, eve)).status).toBe(200);
    // A list is another right.
    expect((await t.get(`${maps}?history=state&at=2026-03-01T00:00:12Z`, eve)).status).toBe(403);
  });

  it('that were taken away since are gone for what was then, too', async () => {
    await write(maps, 'c', ['one', 'two']);
    await allow('reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }]);
    const then = later();
    later();
    expect((await t.get(`${maps}/c?history=state&at=${then}`, eve)).status).toBe(200);
    await t.remove(`${rbac}/namespaces/tenant/rolebindings/reader`);
    expect((await t.get(`${maps}/c?history=state&at=${then}`, eve)).status).toBe(403);
    expect((await t.get(`${maps}/c?history=changes`, eve)).status).toBe(403);
    expect((await t.get(`${maps}?history=state&at=${then}`, eve)).status).toBe(403);
  });

  it('to configmaps are none to secrets, and those to one name none to another', async () => {
    await write(secrets, 's', ['old', 'new']);
    await write(secrets, 'other', ['old', 'new']);
    await allow('reader', [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['s'] },
    ]);
    expect((await t.get(`${secrets}/other?history=changes`, eve)).status).toBe(403);
    expect((await t.get(`${secrets}?history=state&at=${later()}`, eve)).status).toBe(403);
    expect((await t.get(`${secrets}/s?history=changes`, eve)).status).toBe(200);
  });

  it('by selectors list nothing of the past', async () => {
    await write(maps, 'c', ['one', 'two']);
    await allow('reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'], resourceNames: ['c'] }]);
    const one = `fieldSelector=metadata.name%3Dc`;
    expect((await t.get(`${maps}?${one}`, eve)).status).toBe(200);
    expect((await t.get(`${maps}?${one}&history=state&at=${later()}`, eve)).status).toBe(400);
  });
});

describe('a name that was somebody else’s', () => {
  it('tells nothing of the object before, whatever revision is named', async () => {
    await write(maps, 'c', ['theirs', 'theirs too']);
    const { body } = await t.get(`${maps}/c?history=changes`);
    const [revision] = body.items.map((each: { revision: string }) => each.revision);
    const then = now.toISOString();
    await t.remove(`${maps}/c`);
    later();
    await write(maps, 'c', ['mine']);
    const changes = await t.get(`${maps}/c?history=changes`);
    expect(valuesOf(changes.body)).toEqual(['mine']);
    expect(changes.body.complete).toBe(true);
    expect((await t.get(`${maps}/c?history=changes&continue=${revision}`)).status).toBe(400);
    expect((await t.get(`${maps}/c?history=state&at=${revision}`)).status).toBe(404);
    expect((await t.get(`${maps}/c?history=state&at=${then}`)).status).toBe(404);
  });

  it('of a namespace made anew tells nothing of what was in the one before', async () => {
    await write(maps, 'c', ['theirs']);
    await write(secrets, 's', ['theirs']);
    const then = now.toISOString();
    const whole = await t.get(`${maps}?history=state&at=${then}`);
    expect(valuesOf({ items: whole.body.items.map((object: unknown) => ({ object })) })).toContain('theirs');
    await endTenant(`${maps}/c`, `${secrets}/s`);
    await makeTenant();
    await allow('reader', [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['*'] }]);
    for (const path of [`${maps}/c`, `${secrets}/s`]) {
      const { status, text } = await t.get(`${path}?history=changes`, eve);
      expect([status, text.includes(Buffer.from('theirs').toString('base64'))]).toEqual([404, false]);
      expect((await t.get(`${path}?history=state&at=${then}`, eve)).status).toBe(404);
      expect((await t.get(`${path}?history=state&at=1`, eve)).status).toBe(404);
    }
    expect((await t.get(`${maps}?history=state&at=${then}`, eve)).status).toBe(404);
    expect((await t.get(`${secrets}?history=state&at=${then}`, eve)).status).toBe(404);
    // What was deleted since it is this tenant's is theirs to bring back.
    await write(maps, 'own', ['mine']);
    await t.remove(`${maps}/own`);
    later();
    const own = await t.get(`${maps}/own?history=changes`, eve);
    expect([own.status, valuesOf(own.body)]).toEqual([200, ['mine', 'mine']]);
  });
});

describe('encrypted values', () => {
  it('are read as any get reads them, and not without their key', async () => {
    await t.close();
    const key = { name: 'first', secret: Buffer.alloc(32, 1) };
    let keys = new Map([[key.name, key]]);
    const encryption = {
      of: (type: string) => (type === 'secrets' ? { writeKey: key, readKeys: keys, readsPlain: false } : undefined),
    };
    const clock = () => now;
    let sealed: ReturnType<typeof encryptedStore> | undefined;
    const registry = {
      clock,
      wrapStore: (store: Parameters<typeof encryptedStore>[0]) => {
        sealed = encryptedStore(store, encryption);
        return sealed;
      },
    };
    const options = {
      now: clock,
      // As in a cluster: one store for all parts, there once the registry is.
      get store() {
        if (!sealed) throw new Error('the registry wraps it first');
        return sealed;
      },
    };
    t = await openTestApi(options, registry);
    await makeTenant();
    await write(secrets, 's', ['old', 'new']);
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const { body } = await t.get(`${secrets}/s?history=changes`);
    expect(valuesOf(body)).toEqual([base64('new'), base64('old')]);
    keys = new Map();
    const without = await t.get(`${secrets}/s?history=changes`);
    expect(without.text).not.toContain(base64('old'));
    expect(without.status).not.toBe(200);
  });
});
