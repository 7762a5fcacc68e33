// Webhooks behind Services whose pods run on a node: called over the node's own connection, with TLS from end to end. A node reaches its
// own pods only, and can break their calls and nobody else's.

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dialIn } from '../../agent/streams/dial-in.ts';
import { type StreamContext, serveStream } from '../../agent/streams/serve-stream.ts';
import type { StreamPod } from '../../agent/streams/stream-pods.ts';
import { customResourceDefinition, free, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { frameDuplex } from '../../core/node/frame-duplex.ts';
import { type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { DialRequest, NodeMessage } from '../../core/node/protocol.ts';
import { createLocalQueue } from '../../core/queue/local/local-queue.ts';
import { lookups } from '../../core/registry/lookup.ts';
import { reachEndpoints } from '../../core/registry/reach.ts';
import { createWebhookCaller, type WebhookCaller } from '../../core/registry/webhooks/caller.ts';
import { createStreamHandler } from '../../functions/apiserver/streams/stream-handler.ts';
import { adminToken, openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { openTls, type TlsServer } from '../../functions/apiserver/testing/open-tls.ts';
import { openWebhook, type WebhookServer } from '../../functions/apiserver/testing/webhook-server.ts';
import { tried } from '../tools/tried.ts';

const nodeToken = 'token-of-node-n';
const configMaps = '/api/v1/namespaces/default/configmaps';
const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'] }];

let t: TestApi;
let tls: TlsServer;
let hook: WebhookServer;
let stops: AbortController;
/** Requests to dial that node n got, and how it serves them. */
let asked: DialRequest[];
let serve: (dial: DialRequest) => Promise<void>;

beforeEach(async () => {
  stops = new AbortController();
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  await queue.create('node-n');
  // Longer than the test: what waits for a node ends by the webhook's own time.
  const streams = createStreamHandler({ queue, dialTimeoutMs: 300_000 });
  // Made with the first call, when there is something to look up in.
  let caller: WebhookCaller | undefined;
  const callWebhook: WebhookCaller = (...call) => {
    const reach = reachEndpoints({ connectPod: streams.connect });
    caller ??= createWebhookCaller({ ...lookups(t.store, t.replicas), random: Math.random, reach });
    return caller(...call);
  };
  const staticTokens = [
    { token: adminToken, user: { username: 'admin', groups: ['system:masters'] } },
    { token: nodeToken, user: { username: 'system:node:n', groups: ['system:nodes'] } },
  ];
  t = await openTestApi({ queue, streams, callWebhook, staticTokens }, { callWebhook });
  await t.namespace('default');
  tls = await openTls(t);
  hook = await openWebhook(() => ({ allowed: true }), 'hook.default.svc');
  asked = [];
  serve = honestNode({ 'uid-of-the-pod': '127.0.0.1' });
  void (async () => {
    const { signal } = stops;
    while (!signal.aborted)
      for (const { body, receipt } of await queue.receive('node-n', { waitSeconds: 1, max: 10, signal })) {
        await queue.acknowledge('node-n', [receipt]);
        // as: what the broker sent.
        const message = JSON.parse(body) as NodeMessage;
        if (message.kind !== 'stream') continue;
        asked.push(message);
        void serve(message).catch(() => undefined);
      }
  })();
});

afterEach(async () => {
  stops.abort();
  await hook.close();
  await tls.close();
  await t.close();
});

const credentials = () => ({ server: tls.url, ca: tls.ca, token: nodeToken });

/** The agent itself, with pods at these addresses by their uids, as its runtime told it. */
function honestNode(addresses: Readonly<Record<string, string>>): typeof serve {
  const podOf = (ip: string): StreamPod => ({
    status: undefined,
    observed: {
      containers: [],
      sandboxes: [{ id: 's', attempt: 0, ready: true, createdAt: 0, ips: [ip], hostNetwork: false }],
    },
  });
  const pods = new Map(Object.entries(addresses).map(([uid, ip]) => [uid, podOf(ip)]));
  return (dial) => {
    const options = { credentials: credentials(), nodeName: 'n', nodeIP: '192.0.2.1' };
    // as: all that a connection to a pod asks of it.
    return serveStream(dial, { options, pods, log: { warn() {} } } as unknown as StreamContext);
  };
}

/** A node that does with the connection what it likes. */
const hostileNode =
  (doing: (server: FrameSocket) => Promise<void> | void): typeof serve =>
  async ({ id }) => {
    tried('connections into pods that a hostile node serves');
    await doing(await dialIn(credentials(), 'n', id));
  };

const pipeTo =
  (port: number): typeof serve =>
  async ({ id }) => {
    const server = frameDuplex(await dialIn(credentials(), 'n', id));
    const other = connect({ host: '127.0.0.1', port });
    server.on('error', () => undefined).pipe(other);
    other.on('error', () => undefined).pipe(server);
  };

async function makeService(uid = 'uid-of-the-pod') {
  await t.create('services', 'default', {
    metadata: { name: 'hook' },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
  });
  await t.create('discovery.k8s.io/endpointslices', 'default', {
    metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: hook.port }],
    // An address that leads nowhere: what counts is what the runtime told the node of the pod.
    endpoints: [
      {
        addresses: ['10.244.9.9'],
        nodeName: 'n',
        targetRef: { kind: 'Pod', namespace: 'default', name: 'hook-0', uid },
      },
    ],
  });
  await (await t.replicas.of('services')).catchUp();
  await (await t.replicas.of('discovery.k8s.io/endpointslices')).catchUp();
}

const clientConfig = (server = hook) => ({
  service: { namespace: 'default', name: 'hook', path: '/check' },
  caBundle: server.caBundle,
});

async function configure(more: object = {}) {
  const type = 'admissionregistration.k8s.io/validatingwebhookconfigurations';
  await t.create(type, '', {
    metadata: { name: 'hook' },
    webhooks: [
      {
        ...{ name: 'hook.example.com', rules, sideEffects: 'None', admissionReviewVersions: ['v1'] },
        clientConfig: clientConfig(),
        ...more,
      },
    ],
  });
  await (await t.replicas.of(type)).catchUp();
}

const write = (name: string) => t.post(configMaps, { metadata: { name }, data: { secret: 'of the cluster' } });

describe('a webhook in a pod of a node', () => {
  it('is called over the node, at the address that the runtime told it, on one connection while that lasts', async () => {
    await makeService();
    await configure();
    for (const name of ['a', 'b', 'c']) expect((await write(name)).status).toBe(201);
    expect(hook.requests.map(({ request }) => request.name)).toEqual(['a', 'b', 'c']);
    expect(asked.map(({ request }) => request)).toEqual([
      { type: 'connect', namespace: 'default', pod: 'hook-0', uid: 'uid-of-the-pod', port: hook.port },
    ]);
  });

  it('is called again on a new connection when the kept one has ended', async () => {
    await makeService();
    await configure();
    for (const name of ['a', 'b']) {
      expect((await write(name)).status).toBe(201);
      hook.closeConnections();
    }
    expect(hook.requests).toHaveLength(2);
    expect(asked).toHaveLength(2);
  });

  it('converts custom resources as well', async () => {
    const converter = await openWebhook(
      ({ objects, desiredAPIVersion }) => ({
        result: { status: 'Success' },
        convertedObjects: objects.map((each: object) => ({ ...each, apiVersion: desiredAPIVersion })),
      }),
      'hook.default.svc',
    );
    try {
      await makeService();
      const ports = [{ name: 'https', port: converter.port }];
      const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/hook-1';
      await t.patch(slice, 'application/merge-patch+json', { ports });
      const conversion = {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: clientConfig(converter) },
      };
      const versions = [servedVersion('v1', true, free), servedVersion('v2', false, free)];
      await t.create('apiextensions.k8s.io/customresourcedefinitions', '', {
        ...customResourceDefinition({ versions, spec: { conversion } }),
      });
      const widgets = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets`;
      await expect.poll(async () => (await t.get(widgets('v2'))).status).toBe(200);
      expect((await t.post(widgets('v2'), { metadata: { name: 'w' } })).status).toBe(201);
      expect((await t.get(`${widgets('v1')}/w`)).body.apiVersion).toBe('example.com/v1');
      expect(converter.requests.length).toBeGreaterThan(0);
      expect(asked.every(({ request }) => request.type === 'connect' && request.port === converter.port)).toBe(true);
    } finally {
      await converter.close();
    }
  });

  it('fails where the pod is not on the node any more, or does not listen, and says so', async () => {
    await makeService('uid-of-another-pod');
    await configure();
    const gone = await write('a');
    expect(gone.status).toBe(500);
    expect(gone.body.message).toContain('failed calling webhook "hook.example.com": failed to call webhook: Post ');
    expect(gone.body.message).toContain('pod hook-0 is not running');
    serve = honestNode({ 'uid-of-another-pod': '127.0.0.1' });
    await hook.close();
    expect((await write('b')).body.message).toMatch(/dial tcp 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });
});

describe('a hostile node', () => {
  it('that answers in place of its pod does not see the request: the certificate is not the one that the webhook names', async () => {
    const impostor = await openWebhook(() => ({ allowed: true }), 'hook.default.svc');
    try {
      await makeService();
      await configure();
      serve = pipeTo(impostor.port);
      const answer = await write('a');
      expect(answer.status).toBe(500);
      expect(answer.body.message).toMatch(/certificate|self-signed/);
      expect(impostor.requests).toEqual([]);
      tried('connections into pods that a hostile node serves');
    } finally {
      await impostor.close();
    }
  });

  it('that leads to a server with another name of the same authority is not believed either', async () => {
    await makeService();
    await configure({ clientConfig: { ...clientConfig(), service: { namespace: 'default', name: 'hook2' } } });
    await t.create('services', 'default', { metadata: { name: 'hook2' }, spec: { ports: [{ port: 443 }] } });
    await t.create('discovery.k8s.io/endpointslices', 'default', {
      metadata: { name: 'hook2-1', labels: { 'kubernetes.io/service-name': 'hook2' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: hook.port }],
      endpoints: [{ addresses: ['10.244.9.9'] }, ...endpointsOfPod],
    });
    await t.patch(
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/hook2-1',
      'application/merge-patch+json',
      { endpoints: endpointsOfPod },
    );
    await (await t.replicas.of('discovery.k8s.io/endpointslices')).catchUp();
    const answer = await write('a');
    expect(answer.body.message).toContain('hook2.default.svc');
    expect(hook.requests).toEqual([]);
  });

  it.each([
    ['never comes', () => Promise.resolve()],
    ['comes and says nothing', hostileNode(() => undefined)],
    ['sends what is no TLS', hostileNode((server) => server.send(frame(0, 'HTTP/1.1 200 OK\r\n\r\n{}')))],
    ['sends frames of no meaning', hostileNode((server) => server.send(Buffer.from([99, 1, 2, 3])))],
    ['sends without an end', hostileNode(endless)],
    ['says that it failed', hostileNode((server) => server.send(frame(3, 'x'.repeat(100_000))))],
    ['leaves', hostileNode((server) => server.close())],
  ])(
    'that %s holds a write up for no longer than the webhook has, and stops nobody who fails open',
    async (_, node) => {
      serve = node;
      await makeService();
      await configure({ timeoutSeconds: 1 });
      const answer = await write('a');
      expect(answer.status).toBe(500);
      expect(answer.body.message).toContain('failed calling webhook "hook.example.com"');
      expect(hook.requests).toEqual([]);
      const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hook';
      await t.patch(path, 'application/json-patch+json', [
        { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' },
      ]);
      await (await t.replicas.of('admissionregistration.k8s.io/validatingwebhookconfigurations')).catchUp();
      expect((await write('b')).status).toBe(201);
    },
  );
});

const endpointsOfPod = [
  {
    addresses: ['10.244.9.9'],
    nodeName: 'n',
    targetRef: { kind: 'Pod', namespace: 'default', name: 'hook-0', uid: 'uid-of-the-pod' },
  },
];

/** A TLS record that begins and never comes to its end, and bytes after it for as long as somebody takes them. */
async function endless(server: FrameSocket): Promise<void> {
  const junk = Buffer.alloc(64 * 1024, 0x16);
  for (let sent = 0; sent < 64 * 1024 * 1024 && !stops.signal.aborted; sent += junk.length) {
    await server.send(frame(0, junk));
    await delay(0);
  }
}
