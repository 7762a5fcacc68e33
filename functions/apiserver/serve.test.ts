import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kubectl, kubectlBy, runTool, tool } from '../../test/tools/kubectl.ts';
import { listBody } from './content/list-body.ts';
import { type Serving, serve } from './serve.ts';
import { createTestAuthority, type Pair, type TestAuthority } from './testing/certificates.ts';
import { adminToken, openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let authority: TestAuthority;
let serving: Serving;
let admin: Pair;
let folder: string;
let kubectl: Kubectl;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  authority = await createTestAuthority();
  admin = await authority.client('admin', ['system:masters']);
  serving = await serve(t.api, {
    host: '127.0.0.1',
    port: 0,
    tls: { ...(await authority.server()), clientCA: authority.cert },
  });
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: serving.url, 'certificate-authority-data': base64(authority.cert) } }],
      users: [
        { name: 'u', user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) } },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const common = ['--kubeconfig', kubeconfig, `--cache-dir=${join(folder, 'cache')}`];
  kubectl = kubectlBy((args, input) => runTool(tool('kubectl'), [...common, ...args], input));
});

afterAll(async () => {
  await serving.close(0);
  await t.close();
  rmSync(folder, { recursive: true, force: true });
});

function connect(more: object = {}) {
  return http2.connect(serving.url, { ca: authority.cert, ...more });
}

async function get(session: http2.ClientHttp2Session, path: string, headers: object = {}) {
  const stream = session.request({ ':path': path, ...headers });
  const chunks: Buffer[] = [];
  const [response] = await new Promise<[http2.IncomingHttpHeaders]>((resolve) =>
    stream.once('response', (found) => resolve([found])),
  );
  for await (const chunk of stream) chunks.push(chunk);
  return { status: response[':status'], body: JSON.parse(Buffer.concat(chunks).toString()) };
}

describe('the TLS server', () => {
  it('knows clients by their certificates over HTTP/2, and others by nothing', async () => {
    const named = connect({ key: admin.key, cert: admin.cert });
    const nobody = connect();
    const bearer = connect();
    const stranger = await (await createTestAuthority('another-ca')).client('admin', ['system:masters']);
    const forged = connect({ key: stranger.key, cert: stranger.cert });
    try {
      expect(await get(named, '/api/v1/nodes')).toMatchObject({ status: 200, body: { kind: 'NodeList' } });
      expect(await get(nobody, '/api/v1/nodes')).toMatchObject({ status: 403 });
      expect(await get(forged, '/api/v1/nodes')).toMatchObject({ status: 401 });
      // As Kubernetes: a connection is no longer good for who has shown no name on it.
      await expect.poll(() => nobody.closed).toBe(true);
      expect(await get(bearer, '/api/v1/nodes', { authorization: `Bearer ${adminToken}` })).toMatchObject({
        status: 200,
      });
      // Both certificates are good for less than an hour.
      const { text } = await t.get('/metrics');
      const expiring = (le: number) =>
        Number(
          new RegExp(`^apiserver_client_certificate_expiration_seconds_bucket{le="${le}"} (.*)$`, 'm').exec(text)?.[1],
        );
      expect(expiring(1800)).toBe(0);
      expect(expiring(3600)).toBeGreaterThanOrEqual(2);
    } finally {
      for (const session of [named, nobody, bearer, forged]) session.close();
    }
  });

  it('speaks HTTP/1.1 on the same port, and refuses an upgrade that leads nowhere', async () => {
    const request = (headers: Record<string, string>) =>
      new Promise<{ status: number | undefined; version: string }>((resolve, reject) => {
        const sent = https.get(`${serving.url}/version`, { ca: authority.cert, agent: false, headers }, (response) => {
          response.resume();
          response.once('end', () => resolve({ status: response.statusCode, version: response.httpVersion }));
        });
        sent.once('error', reject);
      });
    expect(await request({})).toEqual({ status: 200, version: '1.1' });
    expect(await request({ connection: 'Upgrade', upgrade: 'websocket' })).toEqual({ status: 400, version: '1.1' });
  });

  it('sends a large list whole to clients that read in fits and starts', async () => {
    const parts = Array.from({ length: 4000 }, (_, i) =>
      Buffer.from(JSON.stringify({ i, filler: String(i).repeat(300) })),
    );
    const expected = `{"items":[${parts.join(',')}]}`;
    const list = async () => ({ status: 200, headers: {}, ...listBody('{"items":[', parts, ']}') });
    const tls = await authority.server();
    const lists = await serve({ handle: list, upgrade: async () => undefined }, { host: '127.0.0.1', port: 0, tls });
    const session = http2.connect(lists.url, { ca: authority.cert });
    try {
      const overHttp1 = new Promise<IncomingMessage>((resolve, reject) =>
        https.get(lists.url, { ca: authority.cert, agent: false }, resolve).once('error', reject),
      );
      const answers = [session.request({ ':path': '/' }), await overHttp1];
      for (const answer of answers) {
        const read: Buffer[] = [];
        for await (const chunk of answer) {
          read.push(chunk);
          if (read.length % 50 === 1) await delay(5);
        }
        expect(Buffer.concat(read).toString() === expected).toBe(true);
      }
    } finally {
      session.destroy();
      await lists.close(0);
    }
  });

  it('ends the watch of a client that leaves', async () => {
    const session = connect({ key: admin.key, cert: admin.cert });
    const stream = session.request({ ':path': '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0' });
    const lines: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => lines.push(chunk));
    await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'seen' } });
    await expect.poll(() => Buffer.concat(lines).toString()).toContain('"seen"');
    const closing = new Promise((resolve) => stream.once('close', resolve));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await closing;
    session.close();
    // Were the watch still there, the server could not end in time.
    await t.remove('/api/v1/namespaces/default/configmaps/seen');
  });
});

describe('kubectl 1.36', () => {
  it('applies, reads, changes and deletes', async () => {
    const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`;
    expect(await kubectl.input(manifest, 'apply', '-f', '-')).toBe('deployment.apps/web created\n');
    expect(await kubectl.input(manifest, 'apply', '-f', '-')).toBe('deployment.apps/web unchanged\n');
    expect(await kubectl('get', 'deployments', '-o', 'wide')).toMatch(/^NAME +READY +UP-TO-DATE .*\nweb +0\/2 /);
    expect(await kubectl('scale', 'deployment/web', '--replicas=5')).toContain('scaled');
    expect(await kubectl('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('5');
    expect(await kubectl('explain', 'deployment.spec.paused')).toContain('FIELD: paused <boolean>');
    expect(
      await kubectl.input(manifest.replace('nginx', 'other'), 'apply', '--server-side', '--force-conflicts', '-f', '-'),
    ).toContain('serverside-applied');
    expect(await kubectl('delete', 'deployment', 'web')).toContain('deleted');
  });

  it('sends typed requests as protobuf', async () => {
    await kubectl('create', 'configmap', 'typed', '--from-literal=a=b');
    expect(await kubectl('get', 'configmap', 'typed', '-o', 'jsonpath={.data}')).toBe('{"a":"b"}');
    await kubectl('create', 'secret', 'generic', 'typed', '--from-literal=a=b');
    expect(await kubectl('get', 'secret', 'typed', '-o', 'jsonpath={.data}')).toBe('{"a":"Yg=="}');
    await kubectl('create', 'deployment', 'typed', '--image=nginx', '--replicas=0', '--port=80');
    expect(
      await kubectl(
        'get',
        'deployment',
        'typed',
        '-o',
        'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports}',
      ),
    ).toBe('0 [{"containerPort":80,"protocol":"TCP"}]');
    await kubectl('create', 'service', 'clusterip', 'typed', '--tcp=80:http');
    expect(await kubectl('get', 'service', 'typed', '-o', 'jsonpath={.spec.ports[0].targetPort}')).toBe('http');
    expect(await kubectl('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
    expect(await kubectl('auth', 'whoami')).toMatch(/Username +admin/);
  });

  it('is told what is wrong', async () => {
    const missing = await kubectl.attempt('get', 'configmap', 'nothing');
    expect(missing).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): configmaps "nothing" not found\n',
    });
    const strict = await kubectl.attempt('create', '--raw', '/api/v1/namespaces/default/configmaps', '-f', '/dev/null');
    expect(strict.code).toBe(1);
  });
});
