import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import { nodeTokens } from '../authentication/node-tokens.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { createJoining } from './joining.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const path = (node: string, what: string) => `/apis/agent.zeroplane.dev/v1/nodes/${node}/${what}`;

let t: TestApi;
let now: Date;
beforeEach(async () => {
  now = new Date('2026-01-02T03:04:05Z');
  const tokens = nodeTokens({
    issuer: 'https://issuer.test',
    key,
    now: () => now,
    uidOf: async (node) => (await t.get(`/api/v1/nodes/${node}`)).body.metadata?.uid,
  });
  t = await openTestApi({
    tokenAuthenticators: [tokens],
    joining: {
      join: (user, node, request) => joining().join(user, node, request),
      renew: (user, node, request) => joining().renew(user, node, request),
    },
  });
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  const joining = () =>
    createJoining({
      tokens,
      queue,
      lender: { lend: async (_, name) => ({ kind: 'sqs', url: `https://sqs.test/${name}`, region: 'r' }) },
      certify: async (publicKey) => `certificate for ${publicKey.slice(11, 21)}`,
      registry: t.registry,
      definitions: t.definitions,
      cluster: {
        clusterCIDR: '10.244.0.0/16',
        serviceCIDR: '10.96.0.0/16',
        clusterDNS: '10.96.0.10',
        apiAddress: '10.96.0.1',
        clusterDomain: 'cluster.local',
        heartbeatSeconds: 60,
        resyncSeconds: 600,
      },
    });
  await t.namespace('kube-system');
  await t.namespace('default');
});
afterEach(() => t.close());

async function bootstrapToken(id: string, oneTime: boolean): Promise<string> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  await t.post('/api/v1/namespaces/kube-system/secrets', {
    metadata: {
      name: `bootstrap-token-${id}`,
      ...(oneTime && { annotations: { 'zeroplane.dev/one-time': 'true' } }),
    },
    type: 'bootstrap.kubernetes.io/token',
    data: {
      'token-id': base64(id),
      'token-secret': base64('0123456789abcdef'),
      'usage-bootstrap-authentication': base64('true'),
    },
  });
  return `${id}.0123456789abcdef`;
}

describe('joining', () => {
  it('gives a node a credential for itself, and for nothing else', async () => {
    const token = await bootstrapToken('aaaaaa', false);
    const joined = await t.post(path('n1', 'join'), {}, { as: { token } });
    expect(joined.status).toBe(201);
    expect(joined.body).toMatchObject({
      queue: { url: 'https://sqs.test/node-n1' },
      expires: '2026-01-09T03:04:05.000Z',
    });
    const node = { token: joined.body.token };
    expect((await t.get(path('n1', 'desired'), { as: node })).status).toBe(200);
    expect((await t.get(path('n2', 'desired'), { as: node })).status).toBe(403);
    expect((await t.post(path('n1', 'credentials'), {}, { as: node })).status).toBe(201);
    expect((await t.post(path('n2', 'credentials'), {}, { as: node })).status).toBe(403);
    expect((await t.get('/api/v1/secrets', { as: node })).status).toBe(403);
    now = new Date('2026-01-09T03:04:06Z');
    expect((await t.get(path('n1', 'desired'), { as: node })).status).toBe(401);
  });

  it('certifies the key by which a node serves the API to its pods, and no other value', async () => {
    const token = await bootstrapToken('eeeeee', false);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const apiKey = publicKey.export({ type: 'spki', format: 'pem' });
    const joined = await t.post(path('n1', 'join'), { apiKey }, { as: { token } });
    expect(joined.body).toMatchObject({ apiCertificate: 'certificate for PUBLIC KEY' });
    const node = { token: joined.body.token };
    expect((await t.post(path('n1', 'credentials'), {}, { as: node })).body.apiCertificate).toBeUndefined();
    const wrong = await t.post(path('n1', 'credentials'), { apiKey: 'none' }, { as: node });
    expect(wrong).toMatchObject({ status: 400, body: { message: expect.stringContaining('SPKI in PEM') } });
  });

  it('takes a one-time token once, also when two come at the same time', async () => {
    const token = await bootstrapToken('bbbbbb', true);
    const both = await Promise.all(['n1', 'n2'].map((node) => t.post(path(node, 'join'), {}, { as: { token } })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 401]);
    expect((await t.post(path('n3', 'join'), {}, { as: { token } })).status).toBe(401);
  });

  it('gives nobody the place of a node that is there', async () => {
    const token = await bootstrapToken('cccccc', true);
    await t.post('/api/v1/nodes', { metadata: { name: 'n1' } });
    const answer = await t.post(path('n1', 'join'), {}, { as: { token } });
    expect(answer).toMatchObject({ status: 409, body: { message: expect.stringContaining('choose another name') } });
    // The token is not used up by that.
    expect((await t.post(path('n2', 'join'), {}, { as: { token } })).status).toBe(201);
  });

  it('is for those with a bootstrap token only', async () => {
    expect((await t.post(path('n1', 'join'), {}, { as: { name: 'eve', groups: ['dev'] } })).status).toBe(403);
    const token = await bootstrapToken('dddddd', false);
    expect((await t.get(path('n1', 'desired'), { as: { token } })).status).toBe(403);
  });

  it('lets an instance join under its own id, and again under it', async () => {
    const instance = {
      name: 'arn:aws:iam::1:role/worker:i-0abc',
      groups: ['system:bootstrappers', 'system:bootstrappers:aws'],
    };
    await t.post('/api/v1/nodes', { metadata: { name: 'i-0abc' } });
    expect((await t.post(path('i-0abc', 'join'), {}, { as: instance })).status).toBe(201);
    expect((await t.post(path('i-0def', 'join'), {}, { as: instance })).status).toBe(403);
  });
});
