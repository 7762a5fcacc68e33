import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeProofIssuer, nodeUidClaim } from '../../../core/node/joining.ts';
import { signToken } from '../../../core/signature/json-web-token.ts';
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

  it('keeps a node with Windows for pods that say they are for it, from its birth on', async () => {
    const token = await t.bootstrapToken('wwwwww', false);
    expect((await t.post(path('w1', 'join'), { os: 'windows' }, { as: { token } })).status).toBe(201);
    expect((await t.post(path('l1', 'join'), { os: 'linux' }, { as: { token } })).status).toBe(201);
    const taints = async (name: string) => (await t.get(`/api/v1/nodes/${name}`)).body.spec.taints ?? [];
    expect(await taints('w1')).toContainEqual({ key: 'os', value: 'windows', effect: 'NoSchedule' });
    expect((await taints('l1')).map(({ key }: { key: string }) => key)).not.toContain('os');
    const wrong = await t.post(path('p1', 'join'), { os: 'plan9' }, { as: { token } });
    expect(wrong).toMatchObject({ status: 400, body: { message: 'os: give linux or windows' } });
  });

  it('takes a one-time token once, also when two come at the same time', async () => {
    const token = await t.bootstrapToken('bbbbbb', true);
    const both = await Promise.all(['n1', 'n2'].map((node) => t.post(path(node, 'join'), {}, { as: { token } })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 401]);
    expect((await t.post(path('n3', 'join'), {}, { as: { token } })).status).toBe(401);
  });

  it('says why a token lets nobody in, to its holder alone', async () => {
    const token = await t.bootstrapToken('ffffff', true, '2026-01-02T04:00:00Z');
    await t.post(path('n1', 'join'), {}, { as: { token } });
    const message = async (text: string) =>
      (await t.post(path('n2', 'join'), {}, { as: { token: text } })).body.message;
    expect(await message(token)).toMatch(/used up by node "n1": make another with `zeroplane node token`/);
    expect(await message('ffffff.0123456789abcdee')).toMatch(/not known here.*zeroplane node token/);
    expect(await message('gggggg.0123456789abcdef')).toBe(await message('ffffff.0123456789abcdee'));
    const late = await t.bootstrapToken('hhhhhh', true, '2026-01-02T03:30:00Z');
    now = new Date('2026-01-02T03:30:00Z');
    expect(await message(late)).toMatch(/expired at 2026-01-02T03:30:00Z: make another/);
  });

  describe('a node that was away for longer than its token', () => {
    const made = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const nodeKey = made.publicKey.export({ type: 'spki', format: 'pem' });
    const proof = (answer: { uid: string; proofAudience: string }, more = {}, key = made.privateKey) => {
      const iat = Math.floor(now.getTime() / 1000);
      const claims = {
        iss: nodeProofIssuer,
        aud: answer.proofAudience,
        sub: 'system:node:n1',
        [nodeUidClaim]: answer.uid,
      };
      return { token: signToken({ ...claims, iat, exp: iat + 300, ...more }, 'node', 'ES256', key) };
    };
    const joined = async () => {
      const token = await t.bootstrapToken('iiiiii', true);
      const { body } = await t.post(path('n1', 'join'), { nodeKey }, { as: { token } });
      now = new Date('2026-03-01T00:00:00Z');
      return body;
    };

    it('comes back by its own key, to renew and to nothing else', async () => {
      const answer = await joined();
      expect((await t.post(path('n1', 'credentials'), { nodeKey }, { as: { token: answer.token } })).status).toBe(401);
      const renewed = await t.post(path('n1', 'credentials'), { nodeKey }, { as: proof(answer) });
      expect(renewed.status).toBe(201);
      expect((await t.get(path('n1', 'desired'), { as: { token: renewed.body.token } })).status).toBe(200);
      for (const other of [path('n1', 'desired'), '/api/v1/nodes/n1', '/api/v1/secrets'])
        expect((await t.get(other, { as: proof(answer) })).status, other).toBe(403);
      expect((await t.post(path('n2', 'credentials'), {}, { as: proof(answer) })).status).toBe(403);
    });

    it('is not believed with another key, for somebody else, too early, for too long, or when its Node has gone', async () => {
      const answer = await joined();
      const seconds = Math.floor(now.getTime() / 1000);
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const wrong = [
        proof(answer, {}, other),
        proof(answer, { aud: 'https://other.test/nodes' }),
        proof(answer, { [nodeUidClaim]: 'another' }),
        proof(answer, { iat: seconds - 400, exp: seconds - 1 }),
        proof(answer, { iat: seconds + 400, exp: seconds + 700 }),
        proof(answer, { exp: seconds + 86_400 }),
        proof(answer, { iat: undefined }),
      ];
      for (const each of wrong) expect((await t.post(path('n1', 'credentials'), {}, { as: each })).status).toBe(401);
      await t.remove('/api/v1/nodes/n1');
      expect((await t.post(path('n1', 'credentials'), {}, { as: proof(answer) })).status).toBe(401);
    });
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
