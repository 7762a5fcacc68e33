// Who joins: of two that want one name or use one token one comes in, what fails leaves nothing behind, and who was removed is out.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { type JoiningApi, openJoiningApi, nodePath as path } from '../testing/open-joining-api.ts';

const instance = (id: string) => ({
  name: `arn:aws:iam::1:role/worker:${id}`,
  groups: ['system:bootstrappers', 'system:bootstrappers:aws'],
});

let t: JoiningApi;
let issuing: () => Promise<void>;
beforeEach(async () => {
  issuing = async () => {};
  t = await openJoiningApi({ beforeIssuing: () => issuing() });
});
afterEach(() => t.close());

const bootstrapToken = (id: string) => t.bootstrapToken(id, true);
const join = (node: string, token: string, body: unknown = {}) => t.post(path(node, 'join'), body, { as: { token } });
const nodes = async (): Promise<string[]> =>
  (await t.get('/api/v1/nodes')).body.items.map((each: { metadata: { name: string } }) => each.metadata.name);

describe('joining', () => {
  it('gives one name to one of many that come at once; the tokens of the others stay good', async () => {
    for (let round = 0; round < 5; round++) {
      const tokens = await Promise.all([0, 1, 2, 3].map((each) => bootstrapToken(`aaaa${round}${each}`)));
      const answers = await Promise.all(tokens.map((token) => join(`n${round}`, token)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
      for (const [each, { status }] of answers.entries())
        expect((await join(`n${round}-${each}`, tokens[each] ?? '')).status).toBe(status === 201 ? 401 : 201);
      tried('joins at the same time', answers.length * 2);
    }
  });

  it('takes a token once, for one name, however many come with it', async () => {
    for (let round = 0; round < 5; round++) {
      const token = await bootstrapToken(`bbbbb${round}`);
      const answers = await Promise.all([0, 1, 2, 3].map((each) => join(`n${round}-${each}`, token)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401]);
      expect((await nodes()).filter((name) => name.startsWith(`n${round}-`))).toHaveLength(1);
      tried('joins at the same time', answers.length);
    }
  });

  it('that fails leaves the name free and the token good', async () => {
    const token = await bootstrapToken('cccccc');
    issuing = async () => {
      throw new Error('STS is away');
    };
    expect((await join('n1', token)).status).toBe(500);
    issuing = async () => {};
    expect((await join('n1', token, { apiKey: 'none' })).status).toBe(400);
    expect(await nodes()).toEqual([]);
    expect((await join('n1', token)).status).toBe(201);
  });

  it('ends with the Node: its token is refused at once, and does not come back with the name', async () => {
    const { token } = (await join('n1', await bootstrapToken('dddddd'))).body;
    const old = { as: { token } };
    const renewed = { as: { token: (await t.post(path('n1', 'credentials'), {}, old)).body.token } };
    for (const each of [old, renewed]) expect((await t.get(path('n1', 'desired'), each)).status).toBe(200);
    const refused = async () => {
      for (const each of [old, renewed]) {
        const requests = [
          t.get(path('n1', 'desired'), each),
          t.post(path('n1', 'report'), { node: { status: {} } }, each),
          t.post(path('n1', 'credentials'), {}, each),
          t.get('/api/v1/nodes/n1', each),
          t.post('/api/v1/nodes', { metadata: { name: 'n1' } }, each),
        ];
        for (const { status } of await Promise.all(requests)) expect(status).toBe(401);
        tried('requests of a removed node', requests.length);
      }
    };
    await t.remove('/api/v1/nodes/n1');
    await refused();
    expect(await nodes()).toEqual([]);
    const again = await join('n1', await bootstrapToken('eeeeee'));
    expect(again.status).toBe(201);
    await refused();
    expect((await t.get(path('n1', 'desired'), { as: { token: again.body.token } })).status).toBe(200);
  });

  it('renews nothing for who has no token of a Node', async () => {
    await t.post('/api/v1/nodes', { metadata: { name: 'n1' } });
    const certificate = { as: { name: 'system:node:n1', groups: ['system:nodes'] } };
    expect((await t.post(path('n1', 'credentials'), {}, certificate)).status).toBe(403);
    expect((await t.post(path('n1', 'credentials'), {}, { as: instance('n1') })).status).toBe(403);
  });

  it('lets an instance come back to its own Node, and to none that another made or changed', async () => {
    const own = await t.post(path('i-0aa', 'join'), {}, { as: instance('i-0aa') });
    expect(own.status).toBe(201);
    const { spec } = (await t.get('/api/v1/nodes/i-0aa')).body;
    expect(spec.taints).toContainEqual(
      expect.objectContaining({ key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' }),
    );
    expect((await t.post(path('i-0aa', 'join'), {}, { as: instance('i-0aa') })).status).toBe(201);
    // A token's node under the name of an instance: the instance must not share its identity.
    const { token } = (await join('i-0bb', await bootstrapToken('ffffff'))).body;
    expect((await t.post(path('i-0bb', 'join'), {}, { as: instance('i-0bb') })).status).toBe(409);
    const lure = { metadata: { annotations: { 'zeroplane.dev/joined-by': instance('i-0bb').name } } };
    const type = 'application/merge-patch+json';
    expect((await t.patch('/api/v1/nodes/i-0bb', type, lure, { as: { token } })).status).toBe(403);
    const report = { node: { annotations: lure.metadata.annotations, status: {} } };
    expect((await t.post(path('i-0bb', 'report'), report, { as: { token } })).status).toBe(403);
    expect((await join('i-0aa', await bootstrapToken('gggggg'))).status).toBe(409);
    tried('joins under names of others', 5);
  });

  it('takes names that are names, and bodies that are requests', async () => {
    const token = await bootstrapToken('hhhhhh');
    const name = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        'a..b',
        '-a',
        'a-',
        'A',
        'a_b',
        'a b',
        'a%2Fb',
        '*',
        '?',
        'x'.repeat(254),
        'ä',
        '__proto__',
      ),
      fc.string({ minLength: 1, maxLength: 12 }).filter((each) => !/^[a-z0-9.-]+$/.test(each)),
    );
    await fc.assert(
      fc.asyncProperty(name, async (node) => {
        const { status } = await join(encodeURIComponent(node), token);
        expect(status, node).toBeGreaterThanOrEqual(400);
        expect(status, node).toBeLessThan(500);
        tried('joins under names that are none');
      }),
      { numRuns: fuzzRuns(100) },
    );
    for (const body of [[], 'x', { apiKey: {} }, { apiKey: 'x'.repeat(2000) }, { apiKey: ['a'] }]) {
      expect((await join('n1', token, body)).status, JSON.stringify(body)).toBe(400);
      tried('joins with odd bodies');
    }
    expect(await nodes()).toEqual([]);
    expect((await join('n1', token)).status).toBe(201);
  });
});
