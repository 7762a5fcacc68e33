// exec, attach and port-forward that an edge asks for: given to whom a stream on one machine is given, and what is given is what was allowed.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readStreamOffer, streamHeader } from '../../../core/node/channel/offer.ts';
import { openStreamTicket, streamKey } from '../../../core/node/channel/ticket.ts';
import type { DialRequest } from '../../../core/node/protocol.ts';
import type { RelayBroker } from '../../../core/node/relay-broker.ts';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import { type CallOptions, openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { createRelayedStreams } from './relayed-streams.ts';

const key = streamKey('the key of this cluster');
const url = 'wss://channel.test/prod';
const broker: RelayBroker = {
  open: () => Promise.reject(new Error('nothing is relayed here')),
  settled: () => Promise.resolve(),
};

let t: TestApi;
let queue: ReturnType<typeof createLocalQueue>;

beforeEach(async () => {
  queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  await queue.create('node-n');
  t = await openTestApi({ streams: createRelayedStreams(broker, { url, key, queue, now: Date.now }) });
  await t.post('/api/v1/namespaces', { metadata: { name: 'a' } });
  const containers = [
    { name: 'c', image: 'i' },
    { name: 'd', image: 'i' },
  ];
  await t.post('/api/v1/namespaces/a/pods', { metadata: { name: 'p' }, spec: { nodeName: 'n', containers } });
  await t.post('/api/v1/namespaces/a/pods', { metadata: { name: 'waits' }, spec: { containers } });
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/a';
  const allow = async (name: string, resources: readonly string[], verbs: readonly string[]) => {
    await t.post(`${rbac}/roles`, { metadata: { name }, rules: [{ apiGroups: [''], resources, verbs }] });
    await t.post(`${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    });
  };
  await allow('runs', ['pods', 'pods/exec'], ['get', 'create']);
  await allow('reads', ['pods', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/log'], ['get', 'list', 'watch']);
  await allow('forwards', ['pods/portforward'], ['get', 'create']);
  await vi.waitFor(
    async () => expect((await ask('exec?command=id&stdout=true&container=c', 'runs')).status).toBe(200),
    {
      timeout: 20_000,
    },
  );
  await messages();
});
afterEach(() => t.close());

const ask = (target: string, name: string | undefined, wish = 'open', pod = 'p', method = 'GET') => {
  const as: CallOptions['as'] = name === undefined ? null : { name };
  return t.call(method, `/api/v1/namespaces/a/pods/${pod}/${target}`, { as, headers: { [streamHeader]: wish } });
};

async function messages(): Promise<DialRequest[]> {
  const all = await queue.receive('node-n', { waitSeconds: 0, max: 10 });
  await queue.acknowledge(
    'node-n',
    all.map(({ receipt }) => receipt),
  );
  // as: what the API server sent.
  return all.map(({ body }) => JSON.parse(body) as DialRequest);
}

it.each(['GET', 'POST'])('asks the node for what was allowed, and for nothing else (%s)', async (method) => {
  const answer = await ask(
    'exec?command=ls&command=-l&stdout=true&tty=true&stderr=true&container=c&uid=x&node=m',
    'runs',
    'open',
    'p',
    method,
  );
  expect(answer.headers['cache-control']).toBe('no-store');
  const offer = readStreamOffer(answer.text);
  const [message, ...more] = await messages();
  expect(more).toEqual([]);
  const pod = await t.get('/api/v1/namespaces/a/pods/p');
  expect(message?.request).toEqual({
    ...{ type: 'exec', namespace: 'a', pod: 'p', uid: pod.body.metadata.uid, container: 'c', command: ['ls', '-l'] },
    ...{ stdin: false, stdout: true, stderr: false, tty: true },
  });
  expect(offer?.request).toEqual(message?.request);
  // Each end has a ticket of its own for this stream, for a minute, and both the secret.
  const { id, channel } = message ?? {};
  expect(offer).toMatchObject({ id, url, secret: channel?.secret, node: 'n' });
  expect(Buffer.from(channel?.secret ?? '', 'base64url')).toHaveLength(32);
  expect(openStreamTicket(offer?.ticket ?? '', key, Date.now())).toMatchObject({ stream: id, end: 'client' });
  expect(openStreamTicket(channel?.ticket ?? '', key, Date.now())).toMatchObject({ stream: id, end: 'node' });
  expect(openStreamTicket(offer?.ticket ?? '', key, Date.now() + 61_000)).toBeUndefined();
});

it('gives nothing to who may not, and asks no node', async () => {
  for (const [target, name] of [
    ['exec?command=id&stdout=true&container=c', 'nobody'],
    ['exec?command=id&stdout=true&container=c', undefined],
    // To run a command is no reading, also by GET.
    ['exec?command=id&stdout=true&container=c', 'reads'],
    ['attach?stdout=true&container=c', 'reads'],
    ['portforward?ports=80', 'reads'],
    // A right to one is none to another.
    ['attach?stdout=true&container=c', 'runs'],
    ['portforward?ports=80', 'runs'],
    ['exec?command=id&stdout=true&container=c', 'forwards'],
  ] as const)
    for (const wish of ['open', 'ask'])
      for (const method of ['GET', 'POST']) {
        const { status } = await ask(target, name, wish, 'p', method);
        expect([401, 403], `${method} ${target} as ${name}`).toContain(status);
      }
  expect(await messages()).toEqual([]);
});

it('refuses what makes no stream, and asks no node', async () => {
  for (const [target, pod] of [
    ['exec?stdout=true&container=c', 'p'],
    ['exec?command=id&container=c', 'p'],
    ['exec?command=id&stdout=true', 'p'],
    ['exec?command=id&stdout=true&container=none', 'p'],
    ['exec?command=id&stdout=true&container=c', 'waits'],
  ] as const)
    expect((await ask(target, 'runs', 'open', pod)).status, target).toBe(400);
  for (const target of ['portforward', 'portforward?ports=0', 'portforward?ports=80,81', 'portforward?ports=x'])
    expect((await ask(target, 'forwards')).status, target).toBe(400);
  for (const wish of ['', 'OPEN', 'true'])
    expect((await ask('exec?command=id&stdout=true&container=c', 'runs', wish)).status).toBe(400);
  expect(await messages()).toEqual([]);
});

it('only tells whether it would be given, where no more is asked', async () => {
  expect((await ask('portforward', 'forwards', 'ask')).text).toBe('{}');
  expect(await messages()).toEqual([]);
});

it('a port is what the stream is for', async () => {
  const offer = readStreamOffer((await ask('portforward?ports=8080', 'forwards')).text);
  expect(offer?.request).toMatchObject({ type: 'portforward', pod: 'p', port: 8080 });
  expect((await messages())[0]?.request).toEqual(offer?.request);
});
