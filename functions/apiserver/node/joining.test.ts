import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JoiningApi, openJoiningApi, nodePath as path } from '../testing/open-joining-api.ts';

let t: JoiningApi;
let now: Date;
beforeEach(async () => {
  now = new Date('2026-01-02T03:04:05Z');
  t = await openJoiningApi({ now: () => now });
});
afterEach(() => t.close());

describe('joining', () => {
  it('gives a node a credential for itself, and for nothing else', async () => {
    const token = await t.bootstrapToken('aaaaaa', false);
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
    const token = await t.bootstrapToken('eeeeee', false);
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
    const token = await t.bootstrapToken('bbbbbb', true);
    const both = await Promise.all(['n1', 'n2'].map((node) => t.post(path(node, 'join'), {}, { as: { token } })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 401]);
    expect((await t.post(path('n3', 'join'), {}, { as: { token } })).status).toBe(401);
  });

  it('gives nobody the place of a node that is there', async () => {
    const token = await t.bootstrapToken('cccccc', true);
    await t.post('/api/v1/nodes', { metadata: { name: 'n1' } });
    const answer = await t.post(path('n1', 'join'), {}, { as: { token } });
    expect(answer).toMatchObject({ status: 409, body: { message: expect.stringContaining('choose another name') } });
    // The token is not used up by that.
    expect((await t.post(path('n2', 'join'), {}, { as: { token } })).status).toBe(201);
  });

  it('is for those with a bootstrap token only', async () => {
    expect((await t.post(path('n1', 'join'), {}, { as: { name: 'eve', groups: ['dev'] } })).status).toBe(403);
    const token = await t.bootstrapToken('dddddd', false);
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
