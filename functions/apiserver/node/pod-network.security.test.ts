// What a hostile node may say of where it is: nothing that leads others' packets to it, or away from another.

import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubLabel, seenFrom, wireGuardKey } from '../../../core/node/pod-network.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
const merge = 'application/merge-patch+json';
const as = (node: string) => ({ as: { name: `system:node:${node}`, groups: ['system:nodes'] } });
const newKey = () => {
  const der = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' });
  return der.subarray(-32).toString('base64');
};

beforeEach(async () => {
  t = await openTestApi();
  for (const node of ['honest', 'hostile']) expect((await report(node)).status).toBe(200);
});
afterEach(() => t.close());

function report(node: string, more: object = {}) {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  return t.post(`/apis/agent.zeroplane.dev/v1/nodes/${node}/report`, { node: { status, ...more } }, as(node));
}
const nodeOf = async (name: string) => (await t.get(`/api/v1/nodes/${name}`)).body;
const annotate = (node: string, annotations: object) =>
  t.patch(`/api/v1/nodes/${node}`, merge, { metadata: { annotations } }, as(node));

describe('a node on the pod network', () => {
  it('has a key of its own, and changes it, but never has another node’s', async () => {
    const key = newKey();
    expect((await report('honest', { annotations: { [wireGuardKey]: key } })).status).toBe(200);
    const taken = await report('hostile', { annotations: { [wireGuardKey]: key } });
    expect(taken).toMatchObject({ status: 403, body: { message: expect.stringContaining("another node's") } });
    expect((await annotate('hostile', { [wireGuardKey]: key })).status).toBe(403);
    expect((await nodeOf('hostile')).metadata.annotations?.[wireGuardKey]).toBeUndefined();
    for (const each of [newKey(), newKey()])
      expect((await report('hostile', { annotations: { [wireGuardKey]: each } })).status).toBe(200);
    expect((await report('honest', { annotations: { [wireGuardKey]: key } })).status).toBe(200);
  });

  it('has none that is none, such as options of a command or another key in other letters', async () => {
    const key = newKey();
    const last = key.charCodeAt(42);
    const texts = ['', 'x', `${key} endpoint`, `${key}\n`, key.slice(0, 43), `${key}${key}`];
    // The same 32 bytes to a reader that is not strict.
    texts.push(`${key.slice(0, 42)}${String.fromCharCode(last + 1)}=`, key.replace('=', ''));
    for (const each of texts)
      expect((await report('hostile', { annotations: { [wireGuardKey]: each } })).status, JSON.stringify(each)).toBe(
        403,
      );
  });

  it('is seen where its connection comes from, whatever it or a header says', async () => {
    const from = async (remoteAddress: string) => {
      const body = { node: { status: { conditions: [{ type: 'Ready', status: 'True' }] } } };
      const headers = { 'x-forwarded-for': '203.0.113.66', 'x-real-ip': '203.0.113.66' };
      const request = t.request('POST', '/apis/agent.zeroplane.dev/v1/nodes/hostile/report', {
        body,
        headers,
        ...as('hostile'),
      });
      const { status } = await t.api.handle({ ...request, remoteAddress });
      expect(status).toBe(200);
      return (await nodeOf('hostile')).metadata.annotations?.[seenFrom];
    };
    expect(await from('127.0.0.1')).toBeUndefined();
    expect(await from('::ffff:198.51.100.7')).toBe('198.51.100.7');
    for (const value of ['203.0.113.66', null])
      expect((await annotate('hostile', { [seenFrom]: value })).status, String(value)).toBe(403);
    expect((await report('hostile', { annotations: { [seenFrom]: '203.0.113.66' } })).status).toBe(403);
    expect(await from('::1')).toBe('198.51.100.7');
    expect(await from('198.51.100.8')).toBe('198.51.100.8');
  });

  it('is no hub because it says so, and says nothing of others', async () => {
    await report('hostile', { labels: { [hubLabel]: 'true' } });
    await t.patch('/api/v1/nodes/hostile', merge, { metadata: { labels: { [hubLabel]: 'true' } } }, as('hostile'));
    expect((await nodeOf('hostile')).metadata.labels?.[hubLabel]).toBeUndefined();
    for (const annotation of [wireGuardKey, seenFrom]) {
      const metadata = { annotations: { [annotation]: newKey() } };
      expect((await t.patch('/api/v1/nodes/honest', merge, { metadata }, as('hostile'))).status).toBe(403);
    }
  });

  it('sees of others what packets need, and no more', async () => {
    const key = newKey();
    await report('honest', { annotations: { [wireGuardKey]: key, secret: 'x' }, labels: { secret: 'x' } });
    await t.patch('/api/v1/nodes/honest', merge, {
      metadata: { labels: { [hubLabel]: 'true' }, annotations: { [seenFrom]: '198.51.100.1' } },
      spec: { providerID: 'aws:///zone/i-12345' },
    });
    const { body } = await t.get('/apis/agent.zeroplane.dev/v1/nodes/hostile/desired', as('hostile'));
    const told = body.resources.nodes.put.find(
      (each: { metadata: { name: string } }) => each.metadata.name === 'honest',
    );
    expect(told).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'honest',
        uid: expect.any(String),
        resourceVersion: expect.any(String),
        annotations: { [wireGuardKey]: key, [seenFrom]: '198.51.100.1' },
        labels: { [hubLabel]: 'true' },
      },
      spec: { providerID: 'aws://' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  });
});
