// Credentials hold no longer than they say, and only as they were written: each request is checked anew, and of a token no other text
// than the one that was given out is taken.

import { generateKeyPairSync } from 'node:crypto';
import http2 from 'node:http2';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIamToken, iamTokenPrefix } from '../../../core/signature/iam-token.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { openTls } from '../testing/open-tls.ts';
import { iamTokens } from './iam-tokens.ts';
import { nodeTokens } from './node-tokens.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signingKeys = [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()];
const nodes = nodeTokens({
  issuer: 'https://issuer.test',
  keys: () => signingKeys,
  keyOf: async () => undefined,
  now: () => new Date(t.time.now),
  uidOf: async () => 'uid',
});
const arn = 'arn:aws:sts::1:assumed-role/Admin/eve';
const iam = iamTokens({
  clusterName: 'prod',
  adminRoles: [],
  workerRoles: [],
  now: () => t.time.now,
  ask: async () => ({ arn, account: '1', userId: 'AROA:eve' }),
});

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi({ now: () => t.time.now, tokenAuthenticators: [nodes, iam] });
  await t.namespace('default');
  await t.namespace('kube-system');
  await t.post('/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'robot', finalizers: ['test.dev/stays'] },
  });
});

afterEach(async () => {
  await t.close();
});

/** Whether somebody is taken for who they are: 403 is an answer to a known user. On every route that takes tokens, the same. */
async function isTaken(token: string): Promise<boolean> {
  const { status } = await t.get('/api/v1/namespaces/default/pods', { as: { token } });
  const review = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
  const upgrade = t.request('GET', '/api/v1/namespaces/default/pods/p/exec', {
    as: null,
    headers: bearerProtocols(token),
  });
  const upgraded = (await t.api.handle(upgrade)).status;
  const taken = new Set([status !== 401, review.body.status?.authenticated === true, upgraded !== 401]);
  if (taken.size > 1)
    throw new Error(`one route takes it and another does not: ${status}, ${review.text}, ${upgraded}`);
  return status !== 401;
}

function bearerProtocols(token: string, more = ', v5.channel.k8s.io') {
  const carrier = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
  return { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-protocol': carrier + more };
}

async function tokenOf(spec: object = {}): Promise<string> {
  const answer = await t.post('/api/v1/namespaces/default/serviceaccounts/robot/token', { spec });
  return answer.body.status.token;
}

const later = (seconds: number) => {
  t.time.now = new Date(t.time.now.getTime() + seconds * 1000);
};

describe('a client certificate', () => {
  it('is refused past its end, on a connection that was opened before', async () => {
    // Of the real clock: the certificates of the test are.
    t.time.now = new Date();
    const tls = await openTls(t);
    const paths = ['/api/v1/namespaces', '/api/v1/namespaces?watch=true', '/version', '/healthz'];
    const { ca, admin } = tls;
    // One for each, since a connection ends with the first answer to nobody.
    const sessions = paths.map((path) => ({ path, session: http2.connect(tls.url, { ca, ...admin }) }));
    const get = (session: http2.ClientHttp2Session, path: string) =>
      new Promise<number>((resolve, reject) => {
        const stream = session.request({ ':path': path });
        stream.on('response', (headers) => resolve(Number(headers[':status']))).on('error', reject);
        stream.resume().end();
      });
    try {
      for (const { session } of sessions) expect(await get(session, '/api/v1/namespaces')).toBe(200);
      later(2 * 3600);
      for (const { path, session } of sessions) expect([path, await get(session, path)]).toEqual([path, 401]);
    } finally {
      for (const { session } of sessions) session.close();
      await tls.close();
    }
  });

  it('does not stand in the way of a token, nor lend it anything', async () => {
    const options = { as: { name: 'admin', groups: ['system:masters'], notAfter: t.time.now.getTime() - 1 } };
    expect((await t.get('/api/v1/secrets', options)).status).toBe(401);
    const authorization = `Bearer ${await tokenOf()}`;
    expect((await t.get('/api/v1/secrets', { ...options, headers: { authorization } })).status).toBe(403);
  });
});

describe('a service account token', () => {
  it('ends a minute after its account was to be gone, whatever finalizers wait for', async () => {
    const token = await tokenOf();
    await t.remove('/api/v1/namespaces/default/serviceaccounts/robot');
    later(60);
    expect(await isTaken(token)).toBe(true);
    later(1);
    expect(await isTaken(token)).toBe(false);
  });

  it('ends at once with an account that is gone, also for one of the same name', async () => {
    const token = await tokenOf();
    expect(await isTaken(token)).toBe(true);
    const robot = '/api/v1/namespaces/default/serviceaccounts/robot';
    await t.patch(robot, 'application/merge-patch+json', { metadata: { finalizers: null } });
    await t.remove(robot);
    expect(await isTaken(token)).toBe(false);
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
    expect(await isTaken(token)).toBe(false);
  });

  it.each([
    ['Pod', 'pods', { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }] }],
    ['Secret', 'secrets', undefined],
  ])('ends a minute after the %s that it is bound to was to be gone', async (kind, resource, spec) => {
    const path = `/api/v1/namespaces/default/${resource}`;
    await t.post(path, { metadata: { name: 'bound', finalizers: ['test.dev/stays'] }, ...(spec && { spec }) });
    const token = await tokenOf({ boundObjectRef: { kind, apiVersion: 'v1', name: 'bound' } });
    expect(await isTaken(token)).toBe(true);
    await t.remove(`${path}/bound?gracePeriodSeconds=0`);
    expect((await t.get(`${path}/bound`)).status).toBe(200);
    later(60);
    expect(await isTaken(token)).toBe(true);
    later(1);
    expect(await isTaken(token)).toBe(false);
  });

  it('is bound to a pod, a Secret or a node of the core group, and to no pod that runs as nobody', async () => {
    const account = '/api/v1/namespaces/default/serviceaccounts/robot/token';
    const bind = (boundObjectRef: object) => t.post(account, { spec: { boundObjectRef } });
    await t.post('/api/v1/namespaces/default/secrets', { metadata: { name: 'x' } });
    const annotations = { 'kubernetes.io/config.mirror': 'm' };
    const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
    await t.post('/api/v1/namespaces/default/pods', { metadata: { name: 'mirror', annotations }, spec });
    for (const [reference, field] of [
      [{ kind: 'Secret', apiVersion: 'example.com/v1', name: 'x' }, 'spec.boundObjectRef.apiVersion'],
      [{ kind: 'ConfigMap', apiVersion: 'v1', name: 'x' }, 'spec.boundObjectRef.kind'],
      [{ kind: 'Pod', apiVersion: 'v1', name: 'mirror' }, 'spec.boundObjectRef.name'],
    ] as const)
      expect((await bind(reference)).body.details.causes).toMatchObject([{ field }]);
    expect((await bind({ kind: 'Secret', apiVersion: 'v1', name: 'x' })).status).toBe(201);
  });

  it('ends with the node that it is bound to', async () => {
    await t.post('/api/v1/nodes', { metadata: { name: 'n', finalizers: ['test.dev/stays'] } });
    const token = await tokenOf({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n' } });
    expect(await isTaken(token)).toBe(true);
    await t.remove('/api/v1/nodes/n');
    later(61);
    expect(await isTaken(token)).toBe(false);
  });

  it('ends with its time, to the second', async () => {
    const token = await tokenOf({ expirationSeconds: 600 });
    later(599);
    expect(await isTaken(token)).toBe(true);
    later(1);
    expect(await isTaken(token)).toBe(false);
  });
});

describe('a bootstrap token', () => {
  it('ends with its Secret, also with one that is on its way', async () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const secrets = '/api/v1/namespaces/kube-system/secrets';
    await t.post(secrets, {
      metadata: { name: 'bootstrap-token-abcdef', finalizers: ['test.dev/stays'] },
      type: 'bootstrap.kubernetes.io/token',
      data: {
        'token-id': base64('abcdef'),
        'token-secret': base64('0123456789abcdef'),
        'usage-bootstrap-authentication': base64('true'),
      },
    });
    expect(await isTaken('abcdef.0123456789abcdef')).toBe(true);
    await t.remove(`${secrets}/bootstrap-token-abcdef`);
    expect(await isTaken('abcdef.0123456789abcdef')).toBe(false);
  });
});

describe('a token in another text than it was given out', () => {
  it('is refused, though lenient decoders read the same', async () => {
    const iamToken = createIamToken({
      clusterName: 'prod',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' },
      now: t.time.now,
    });
    const tokens = [
      { token: await tokenOf(), prefix: '' },
      { token: (await nodes.issue('n', 'uid')).token, prefix: '' },
      { token: iamToken, prefix: iamTokenPrefix },
    ];
    for (const { token } of tokens) expect(await isTaken(token)).toBe(true);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const bend = (text: string, at: number, how: string) => {
      const index = at % (text.length + 1);
      const next = alphabet[(alphabet.indexOf(text.at(-1) ?? 'A') + 1 + (at % 3)) % 64] ?? '';
      if (how === 'last') return text.slice(0, -1) + next;
      if (how === 'alphabet') return text.replace('-', '+').replace('_', '/');
      return text.slice(0, index) + how + text.slice(index);
    };
    const how = fc.constantFrom('last', 'alphabet', '=', '==', '\n', '\t', '!', '%', '\u00a0', '.', '.e30');
    const property = fc.asyncProperty(
      fc.constantFrom(...tokens),
      fc.nat(),
      fc.nat(),
      how,
      async (whole, part, at, kind) => {
        const parts = whole.token.slice(whole.prefix.length).split('.');
        const index = part % parts.length;
        parts[index] = bend(parts[index] ?? '', at, kind);
        const bent = whole.prefix + parts.join('.');
        // Space around a token is the header's.
        fc.pre(bent.trim() !== whole.token);
        expect(await isTaken(bent)).toBe(false);
      },
    );
    const runs = fuzzRuns(600);
    await fc.assert(property, { numRuns: runs });
    tried('tokens in another text than they were given out', runs);
  });

  it('is refused on a WebSocket, too, beside which another protocol is asked for', async () => {
    const token = await tokenOf();
    const exec = '/api/v1/namespaces/default/pods/p/exec';
    const status = async (protocols: string) => {
      const headers = { ...bearerProtocols(token), 'sec-websocket-protocol': protocols };
      return (await t.api.handle(t.request('GET', exec, { as: null, headers }))).status;
    };
    const carrier = (text: string) => `base64url.bearer.authorization.k8s.io.${text}`;
    const good = carrier(Buffer.from(token).toString('base64url'));
    expect(await status(`${good}, v5.channel.k8s.io`)).toBe(403);
    for (const bad of [
      good,
      `${good}, ${good}, v5.channel.k8s.io`,
      `${good}=, v5.channel.k8s.io`,
      `${good}!, v5.channel.k8s.io`,
      `${carrier('')}, v5.channel.k8s.io`,
      `${carrier(Buffer.from([0xff, 0xfe]).toString('base64url'))}, v5.channel.k8s.io`,
    ])
      expect(await status(bad)).toBe(401);
  });
});

describe('claims about another user', () => {
  it('are own properties, whatever their names are', async () => {
    const whoAmI = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
    const headers = {
      'impersonate-user': 'eve',
      'impersonate-extra-__proto__': 'a',
      'impersonate-extra-constructor': 'b',
      'impersonate-extra-acme.io%2Fa': 'c',
      'impersonate-extra-%61cme.io%2fa': 'd',
    };
    const answer = await t.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', whoAmI, {
      headers: { ...headers, 'impersonate-group': 'system:masters' },
    });
    expect(Object.entries(answer.body.status.userInfo.extra)).toEqual([
      ['__proto__', ['a']],
      ['constructor', ['b']],
      ['acme.io/a', ['c', 'd']],
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    // Who may not take them on is told which.
    const refused = await t.get('/api/v1/pods', { as: { name: 'mallory' }, headers });
    expect(refused.status).toBe(403);
  });
});
