// Bodies that are small to send and dear to read: what they may cost the one thread that all requests share.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cpuCost } from '../../../test/tools/cpu-cost.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { decodeBody, readYamlIn } from './body.ts';
import { createYamlThread } from './yaml-thread.ts';

const megabyte = 1024 * 1024;
const json = 'application/json';
const configMaps = '/api/v1/namespaces/default/configmaps';

/** `item` between head and tail, until the text has so many bytes. */
function filled(head: string, item: string, tail: string, bytes = 3 * megabyte): string {
  return head + item.repeat(Math.floor((bytes - head.length - tail.length) / item.length)) + tail;
}

describe('a large YAML body', () => {
  const program = new URL('./yaml-worker.ts', import.meta.url);
  // As much of each as is read at all.
  const bodies: Readonly<Record<string, string>> = {
    'maps in a list': filled('', '- {}\n', '', 190_000),
    'flow maps': filled('a: [', '{},', '{}]', 145_000),
    keys: Array.from({ length: 33_000 }, (_, i) => `k${i}: v`).join('\n'),
    'nested lists': '['.repeat(99_000),
    'aliases of aliases': [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 300 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
      `filler: ${'x'.repeat(20_000)}`,
    ].join('\n'),
  };

  // The thread that reads them shares the machine; what is bounded is this one.
  vi.setConfig({ testTimeout: 180_000 });
  beforeAll(() => readYamlIn(createYamlThread({ program, timeMs: 170_000 })));
  afterAll(() => readYamlIn(undefined));

  it.each(Object.keys(bodies))('costs the thread of the requests next to nothing: %s', async (name) => {
    const bytes = Buffer.from(bodies[name] ?? '');
    const spent = await cpuCost(() => decodeBody(bytes, 'application/yaml').catch((error: unknown) => error));
    expect(spent).toBeLessThan(400);
    tried('hostile bodies');
  });

  it.each(['- {}\n', '{},', 'k: v\n', '[', '- &a [*a]\n', '? \n'])('is not read with more parts: %j', async (part) => {
    const bytes = Buffer.from(filled('', part, ''));
    let failure: unknown;
    const spent = await cpuCost(async () => {
      failure = await decodeBody(bytes, 'application/yaml').catch((error: unknown) => error);
    });
    expect(failure).toMatchObject({ reason: 'RequestEntityTooLarge' });
    expect(spent).toBeLessThan(200);
    tried('hostile bodies');
  });

  it('is the same value as a small one is', async () => {
    const text = `kind: ConfigMap\ndata:\n  a: "1"\n  b: 0o17\n  big: ${'x'.repeat(10_000)}\n  a: 9007199254740993\n`;
    expect(await decodeBody(Buffer.from(text), 'application/yaml')).toMatchObject({
      value: { kind: 'ConfigMap', data: { a: 9007199254740993n, b: 15 } },
      duplicates: ['data.a'],
    });
    await expect(decodeBody(Buffer.from(`${text}:\n- [`), 'application/yaml')).rejects.toMatchObject({
      reason: 'BadRequest',
    });
  });

  it('is given up once it takes too long, and the next one is read', async () => {
    readYamlIn(createYamlThread({ program, timeMs: 50 }));
    const slow = Buffer.from(bodies['flow maps'] ?? '');
    await expect(decodeBody(slow, 'application/yaml')).rejects.toMatchObject({ reason: 'RequestEntityTooLarge' });
    readYamlIn(createYamlThread({ program, timeMs: 170_000 }));
    expect((await decodeBody(Buffer.from(`a: ${'x'.repeat(9000)}`), 'application/yaml')).duplicates).toEqual([]);
    tried('hostile bodies');
  });

  it('does not wait behind any number of others', async () => {
    const bytes = Buffer.from(`a: ${'x'.repeat(9000)}`);
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => decodeBody(bytes, 'text/yaml')));
    const refused = answers.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(24);
    expect(refused[0]?.reason).toMatchObject({ reason: 'TooManyRequests' });
    tried('hostile bodies', 40);
  });
});

describe('the API server', () => {
  let t: TestApi;
  const user = { name: 'jane', groups: ['system:authenticated'] };
  beforeAll(async () => {
    t = await openTestApi();
    await t.namespace('default');
  });
  afterAll(() => t.close());

  it('reads no more of a body than what it is for needs', async () => {
    const review = filled('{"spec":{"x":[', '{},', '{}]}}');
    for (const path of [
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      '/apis/authentication.k8s.io/v1/tokenreviews',
      '/api/v1/namespaces/default/pods/p/eviction',
      '/api/v1/namespaces/default/pods/p/binding',
      '/api/v1/namespaces/default/serviceaccounts/default/token',
    ])
      expect((await t.call('POST', path, { body: review, headers: { 'content-type': json } })).status, path).toBe(413);
    const options = { body: review, headers: { 'content-type': json } };
    expect((await t.call('DELETE', `${configMaps}/x`, options)).status).toBe(413);
    expect((await t.call('DELETE', configMaps, options)).status).toBe(413);
    tried('hostile bodies', 7);
  });

  it('decodes nothing of who may do nothing with it', async () => {
    for (const type of [json, 'application/yaml', 'application/cbor', 'application/vnd.kubernetes.protobuf']) {
      const body = filled('', '- {}\n', '');
      let status = 0;
      const spent = await cpuCost(async () => {
        status = (await t.call('POST', configMaps, { body, as: user, headers: { 'content-type': type } })).status;
      });
      expect(status).toBe(403);
      expect(spent).toBeLessThan(50);
    }
    tried('hostile bodies', 4);
  });

  it('refuses more values than one object has', async () => {
    const body = filled('{"metadata":{"name":"a"},"x":[', '{},', '{}]}');
    expect(await t.call('POST', configMaps, { body, headers: { 'content-type': json } })).toMatchObject({
      status: 413,
    });
    tried('hostile bodies');
  });

  it('answers fifty thousand mistakes with a hundred', async () => {
    const many = <T>(make: (i: number) => T) => Array.from({ length: 50_000 }, (_, i) => make(i));
    const unknown = Object.fromEntries(many((i) => [`k${i}`, 1]));
    const warned = await t.post(configMaps, { metadata: { name: 'warned' }, ...unknown });
    expect(warned.status).toBe(201);
    expect([warned.headers['warning']].flat().join('').length).toBeLessThanOrEqual(4096);
    const strict = await t.post(`${configMaps}?fieldValidation=Strict`, { metadata: { name: 'strict' }, ...unknown });
    expect(strict.status).toBe(400);
    expect(strict.text.length).toBeLessThan(10_000);
    const labels = Object.fromEntries(many((i) => [`k ${i}`, 'v v']));
    const invalid = await t.post(configMaps, { metadata: { name: 'invalid', labels } });
    expect(invalid.status).toBe(422);
    expect(invalid.text.length).toBeLessThan(200_000);
    const long = await t.post(configMaps, { metadata: { name: 'a'.repeat(2 * megabyte) } });
    expect(long.status).toBe(422);
    expect(long.text.length).toBeLessThan(100_000);
    tried('hostile bodies', 4);
  });

  it('does not take a square of the time for ten times as much', async () => {
    const managedFields = (n: number) =>
      Array.from({ length: n }, (_, i) => ({
        ...{ manager: `m${i}`, operation: i % 2 ? 'Apply' : 'Update', apiVersion: 'v1', time: '2020-01-01T00:00:00Z' },
        ...{ fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { [`f:k${i}`]: {} } } },
      }));
    const data = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']));
    const attempts: Readonly<Record<string, (n: number) => Promise<unknown>>> = {
      managers: (n) =>
        t.post(configMaps, { metadata: { generateName: 'm', managedFields: managedFields(n) }, data: data(n) }),
      'operations of a JSON patch': async (n) => {
        const { body } = await t.post(configMaps, { metadata: { generateName: 'p' }, data: data(n) });
        const add = Array.from({ length: n }, (_, i) => ({ op: 'add', path: `/data/n${i}`, value: 'x' }));
        await t.patch(`${configMaps}/${body.metadata.name}`, 'application/json-patch+json', add);
      },
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      await attempt(400);
      const few = await cpuCost(() => attempt(800));
      const many = await cpuCost(() => attempt(8000));
      expect(many, name).toBeLessThan(Math.max(few, 20) * 40);
    }
    tried('hostile bodies', 6);
  });
});

describe('one user', () => {
  it('gets a share of all watches, and others still find some', async () => {
    const t = await openTestApi({ watch: { atOnce: 50 } });
    try {
      await t.namespace('default');
      const bind = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
      await t.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
        metadata: { name: 'watch' },
        rules: [{ verbs: ['watch'], apiGroups: [''], resources: ['configmaps'] }],
      });
      await t.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'watch' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'watch' },
        subjects: [bind('greedy'), bind('modest')],
      });
      const open = async (name: string) => {
        const found = await t.api.handle(t.request('GET', `${configMaps}?watch=true`, { as: { name } }));
        return { status: found.status, stop: () => stopped(found.body) };
      };
      await expect.poll(async () => (await open('greedy')).status).not.toBe(403);
      const greedy = [];
      for (let i = 0; i < 20; i++) greedy.push(await open('greedy'));
      expect(greedy.filter((each) => each.status === 200).length).toBeLessThanOrEqual(10);
      expect(greedy.at(-1)?.status).toBe(429);
      const modest = await open('modest');
      expect(modest.status).toBe(200);
      await modest.stop();
      // What is ended is free again.
      await greedy[0]?.stop();
      expect((await open('greedy')).status).toBe(200);
      tried('watches of one user', 22);
    } finally {
      await t.close();
    }
  });
});

async function stopped(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (body && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
}
