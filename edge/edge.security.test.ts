// Nobody gets through an edge what the API would not give to their own credentials, and nobody takes from others what the edge has.

import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type OpenedEdge, openEdge } from './testing/open-edge.ts';
import { readWatch } from './watch-request.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';

let t: OpenedEdge | undefined;
afterEach(async () => {
  await t?.close();
  t = undefined;
});

const staticTokens = [
  { token: 'admin-token-of-the-test', user: { username: 'admin', groups: ['system:masters'] } },
  { token: 'of-reader', user: { username: 'reader', groups: [] } },
  { token: 'of-nobody', user: { username: 'somebody', groups: [] } },
];
const as = (name: string) => ({ authorization: `Bearer of-${name}` });
const pace = { quickMs: 20, slowMs: 50, checkMs: 600_000 };

async function open(edge: OpenedEdge): Promise<void> {
  const role = {
    metadata: { name: 'reads' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['watch', 'list'] }],
  };
  await edge.post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', role);
  await edge.post(bindings, {
    metadata: { name: 'reads' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
  });
}

const create = (edge: OpenedEdge, name: string) => edge.post(secrets, { metadata: { name } });

it('asks with the credentials of each, and shares nothing between them', async () => {
  t = await openEdge({ pace }, { staticTokens });
  await open(t);
  await create(t, 'a');
  const target = `${secrets}?watch=1`;
  const watch = await t.watch(target, as('reader'));
  expect(await watch.next()).toMatchObject({ object: { metadata: { name: 'a' } } });
  const from = (await t.get(secrets)).body.metadata.resourceVersion;
  for (const path of [target, `${target}&resourceVersion=${from}`]) {
    expect((await t.json('GET', path, undefined, as('nobody'))).status).toBe(403);
    expect((await t.json('GET', path, undefined, { authorization: '' })).status).toBe(403);
    expect((await t.json('GET', path, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    const acting = { ...as('reader'), 'impersonate-user': 'admin' };
    expect((await t.json('GET', path, undefined, acting)).status).toBe(403);
  }
  watch.stop();
});

it('ends a watch whose reader may not read any more, before it learns anything', async () => {
  t = await openEdge({ pace }, { staticTokens });
  await open(t);
  await create(t, 'a');
  const watch = await t.watch(`${secrets}?watch=1`, as('reader'));
  expect(await watch.next()).toMatchObject({ object: { metadata: { name: 'a' } } });
  await t.remove(`${bindings}/reads`);
  await create(t, 'b');
  expect(await watch.next()).toBeUndefined();
  expect((await t.json('GET', `${secrets}?watch=1`, undefined, as('reader'))).status).toBe(403);
});

it('asks again whether somebody may, before a watch is opened anew after the time that an answer holds', async () => {
  t = await openEdge({ pace: { quickMs: 600_000, slowMs: 600_000, checkMs: 0 } }, { staticTokens });
  await open(t);
  await create(t, 'a');
  const from = (await t.get(secrets)).body.metadata.resourceVersion;
  const target = `${secrets}?watch=1&resourceVersion=${from}`;
  const watch = await t.watch(target, as('reader'));
  await t.remove(`${bindings}/reads`);
  expect((await t.json('GET', target, undefined, as('reader'))).status).toBe(403);
  watch.stop();
});

it('has room for others when one caller opens all watches that it can think of', async () => {
  t = await openEdge({ pace: { quickMs: 600_000, slowMs: 600_000, checkMs: 600_000 } });
  const statuses = new Map<number, number>();
  const opened: { stream: { destroy(): void } }[] = [];
  for (let i = 0; i < 510; i++) {
    const answered = await t.request('GET', `${secrets}?watch=1&labelSelector=x%3D${i}`);
    statuses.set(answered.status, (statuses.get(answered.status) ?? 0) + 1);
    opened.push(answered);
  }
  expect([...statuses]).toEqual([
    [200, 500],
    [429, 10],
  ]);
  // Of somebody else.
  expect((await t.request('GET', `${secrets}?watch=1`, { ...as('admin') })).status).not.toBe(429);
  for (const { stream } of opened) stream.destroy();
}, 240_000);

it('cuts off who does not read, and nobody else', async () => {
  t = await openEdge({ pace });
  const slow = await t.request('GET', `${secrets}?watch=1`);
  slow.stream.pause();
  const quick = await t.watch(`${secrets}?watch=1`);
  const cut = new Promise((resolve) => slow.stream.once('close', resolve));
  let seen = 0;
  const data = { big: Buffer.alloc(700_000, 'x').toString('base64') };
  for (let i = 0; i < 30; i++) {
    await t.post(secrets, { metadata: { name: `s${i}` }, data });
    expect(await quick.next()).toMatchObject({ object: { metadata: { name: `s${i}` } } });
    seen += 1;
  }
  expect(seen).toBe(30);
  slow.stream.resume();
  await cut;
  quick.stop();
});

it('takes for a watch only what can be read in one way', () => {
  const read = (target: string, headers = {}) => readWatch('GET', target, headers);
  for (const target of [
    '/api/v1/pods',
    '/api/v1/pods?watch=0',
    '/api/v1/pods?watch=false',
    '/api/v1/pods/x?watch=1',
    '/api/v1/namespaces/a?watch=1',
    '/api/v1/namespaces/a/status?watch=1',
    '/api/v1/namespaces/a/pods/x/log?watch=1',
    '/api/v1/watch/pods?watch=1',
    '/api/v1/pods?watch=1&watch=0',
    '/api/v1/pods?watch=1&labelSelector=a&labelSelector=b',
    '/api/v1//pods?watch=1',
    '/api/v1/p%6Fds?watch=1',
    '/api/v1/../v1/pods?watch=1#x',
    '/version?watch=1',
    'https://elsewhere/api/v1/pods?watch=1',
  ])
    expect(read(target), target).toBeUndefined();
  expect(read('/api/v1/pods?watch=1', { upgrade: 'websocket' })).toBeUndefined();
  expect(readWatch('POST', '/api/v1/pods?watch=1', {})).toBeUndefined();
  const keys = [
    read('/api/v1/pods?watch=1'),
    read('/api/v1/pods?watch=1', { authorization: 'Bearer a' }),
    read('/api/v1/pods?watch=1', { authorization: 'Bearer a', 'impersonate-user': 'b' }),
    read('/api/v1/pods?watch=1', { authorization: 'Bearer a', 'impersonate-extra-b': 'b' }),
    read('/api/v1/pods?watch=1', { accept: 'application/cbor' }),
    read('/api/v1/pods?watch=1&labelSelector=a'),
    read('/api/v1/pods?watch=1&fieldSelector=a'),
    read('/api/v1/namespaces/a/pods?watch=1'),
    read('/apis/v1/v1/pods?watch=1'),
  ].map((each) => each?.key);
  expect(keys).not.toContain(undefined);
  expect(new Set(keys).size).toBe(keys.length);
});

it('gives each address a share of its connections and requests, and none of them the rest', async () => {
  t = await openEdge({ pace }, { staticTokens }, undefined, { connections: 40, requests: 20 });
  await open(t);
  const target = `${secrets}?watch=1`;
  // All of them come from one address: a fifth is what it may have alone.
  const watches = [];
  for (let i = 0; i < 4; i++) watches.push(await t.watch(target, as('reader'), 2));
  await expect(t.watch(target, as('reader'))).rejects.toThrow('429');
  expect((await t.json('GET', secrets, undefined, as('reader'))).status).toBe(429);
  for (const each of watches) each.stop();
  await expect.poll(async () => (await t?.json('GET', secrets, undefined, as('reader')))?.status).toBe(200);

  const sockets = Array.from({ length: 30 }, () => connect(t?.port ?? 0, '127.0.0.1').on('error', () => undefined));
  await expect.poll(() => sockets.filter((each) => each.destroyed).length).toBeGreaterThanOrEqual(22);
  expect(sockets.some((each) => !each.destroyed)).toBe(true);
  for (const each of sockets) each.destroy();
  await expect.poll(async () => (await t?.json('GET', secrets, undefined, as('reader')))?.status).toBe(200);
});
