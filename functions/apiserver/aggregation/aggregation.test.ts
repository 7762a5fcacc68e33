import { duplexPair } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AggregatedApi,
  apiServiceName,
  flunders,
  openAggregatedApi,
  wardle,
} from '../testing/open-aggregated-api.ts';

// One API server for the whole file: what a test makes is there for the next.

let t: AggregatedApi;

beforeAll(async () => {
  t = await openAggregatedApi();
});
afterAll(() => t.close());

const aggregatedAccept = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };

async function discovered() {
  const { body } = await t.get('/apis', { headers: aggregatedAccept });
  return body.items.find((each: { metadata: { name: string } }) => each.metadata.name === wardle)?.versions[0];
}

/** The series of this APIService alone. */
const unavailable = async () => {
  const { text } = await t.get('/metrics');
  return text.split('\n').filter((line) => line.startsWith('aggregator_') && line.includes(apiServiceName));
};

const because = (reason: string) => expect.poll(() => t.condition()).toMatchObject({ reason });

describe('local APIServices', () => {
  it('are there for built-in group versions, and available', async () => {
    const { body } = await t.get(`${t.apiServices}/v1.apps`);
    expect(body.spec).toMatchObject({ group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 });
    expect(body.status.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }]);
    expect((await t.get('/metrics')).text).toContain('aggregator_unavailable_apiservice{name="v1.apps"} 0\n');
  });

  it('have the name of their group version', async () => {
    const { spec } = t.apiService;
    const { body } = await t.post(t.apiServices, {
      metadata: { name: 'other' },
      spec: { ...spec, versionPriority: 0 },
    });
    const fields = body.details.causes.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(['metadata.name', 'spec.versionPriority']);
  });
});

describe('an APIService with a Service', () => {
  it('says what is missing, and answers 503 until it is there', async () => {
    expect((await t.post(t.apiServices, t.apiService)).status).toBe(201);
    await because('ServiceNotFound');
    // It never was available, so it did not cease to be.
    expect(await unavailable()).toEqual([`aggregator_unavailable_apiservice{name="${apiServiceName}"} 1`]);
    await t.makeService();
    await because('EndpointsNotFound');
    await t.makeEndpoints(false);
    await because('MissingEndpoints');
    const ready = { endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready: true } }] };
    await t.patch(
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/sample-api-1',
      'application/merge-patch+json',
      ready,
    );
    await because('FailedDiscoveryCheck');
    const { status, body } = await t.get(flunders);
    expect([status, body.reason, body.message]).toEqual([
      503,
      'ServiceUnavailable',
      expect.stringContaining('FailedDiscoveryCheck'),
    ]);
    expect(await discovered()).toMatchObject({ version: 'v1alpha1', freshness: 'Stale' });

    await t.startServer();
    await because('Passed');
    expect((await t.get(flunders)).status).toBe(200);
  });

  it('is told who asks, and nothing that the client claims about itself', async () => {
    const as = { name: 'jane', groups: ['dev', 'a,b'] };
    const headers = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters', 'x-remote-extra-scopes': 'all' };
    const rule = { verbs: ['*'], apiGroups: [wardle], resources: ['*'] };
    const role = { metadata: { name: 'flunders' }, rules: [rule] };
    await t.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', role);
    await t.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'flunders' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flunders' },
      subjects: [{ kind: 'User', name: 'jane' }],
    });
    await expect.poll(async () => (await t.get(flunders, { as, headers })).status).toBe(200);
    expect(t.server.asked.at(-1)).toMatchObject({
      user: 'jane',
      groups: ['dev', 'a,b', 'system:authenticated'],
      extra: {},
    });
    const before = t.server.asked.length;
    expect((await t.get(flunders, { as: { name: 'joe' } })).status).toBe(403);
    expect(t.server.asked).toHaveLength(before);
  });

  it('carries every verb, and a watch as it happens', async () => {
    const watch = await t.watch(`${flunders}?watch=true&resourceVersion=0`);
    const made = await t.post(flunders, { metadata: { name: 'one' }, spec: { reference: 'x' } });
    expect([made.status, made.body.kind]).toEqual([201, 'Flunder']);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'one' } } });
    await t.patch(`${flunders}/one`, 'application/merge-patch+json', { spec: { reference: 'y' } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { spec: { reference: 'y' } } });
    expect((await t.get(`${flunders}/two`)).body).toMatchObject({ reason: 'NotFound', code: 404 });
    await t.remove(`${flunders}/one`);
    expect(await watch.next()).toMatchObject({ type: 'DELETED' });
    await watch.stop();
  });

  it('is in discovery by its priority', async () => {
    const { body } = await t.get('/apis');
    const names = body.groups.map(({ name }: { name: string }) => name);
    expect(names.indexOf(wardle)).toBeGreaterThan(names.indexOf('flowcontrol.apiserver.k8s.io'));
    expect(names.indexOf(wardle)).toBeLessThan(names.indexOf('metrics.k8s.io'));
    expect((await t.get(`/apis/${wardle}`)).body.preferredVersion.version).toBe('v1alpha1');
    expect((await t.get(`/apis/${wardle}/v1alpha1`)).body.resources[0].name).toBe('flunders');
    expect(await discovered()).toMatchObject({
      freshness: 'Current',
      resources: [
        {
          resource: 'flunders',
          scope: 'Namespaced',
          responseKind: { group: wardle, version: 'v1alpha1', kind: 'Flunder' },
          subresources: [{ subresource: 'status' }],
        },
      ],
    });
  });

  it('has its OpenAPI in ours', async () => {
    const path = `apis/${wardle}/v1alpha1`;
    const { body } = await t.get('/openapi/v3');
    expect(body.paths[path].serverRelativeURL).toBe(`/openapi/v3/${path}?hash=1`);
    expect((await t.get(`/openapi/v3/${path}`)).body.info.title).toBe('wardle');
    const v2 = (await t.get('/openapi/v2')).body;
    expect(v2.definitions['com.example.wardle.v1alpha1.Flunder'].properties.spec).toBeDefined();
    expect(v2.definitions).not.toHaveProperty('Unused');
    expect(v2.definitions).toHaveProperty(['io.k8s.api.core.v1.Pod']);
    expect(Object.keys(v2.paths)).toContain(`/${path}/namespaces/{namespace}/flunders/{name}`);
  });

  it('takes over connections that leave HTTP', async () => {
    const [near, far] = duplexPair();
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const request = t.request('GET', `${flunders}/one/echo`, { headers });
    expect(await t.api.upgrade(request, { socket: near, head: Buffer.from('hello') })).toBeUndefined();
    let text = '';
    far.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await expect.poll(() => text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n.*\r\n\r\nadmin:hello$/s);
    far.destroy();
  });

  it('empties a namespace that ends, and says so in a condition', async () => {
    await t.namespace('ending');
    await t.post(flunders.replace('default', 'ending'), { metadata: { name: 'left' } });
    expect(t.server.names()).toContain('ending/left');
    await t.remove('/api/v1/namespaces/ending');
    await expect
      .poll(async () => (await t.get('/api/v1/namespaces/ending')).body.status.conditions)
      .toContainEqual(expect.objectContaining({ type: 'AggregatedContentDeleted', status: 'True' }));
    expect(t.server.names()).not.toContain('ending/left');
  });

  it('is reached at the name that its Service stands for, without endpoints', async () => {
    const other = await openAggregatedApi();
    try {
      await other.startServer();
      const spec = { type: 'ExternalName', externalName: 'api.example.com' };
      await other.create('services', 'default', { metadata: { name: 'sample-api' }, spec });
      await other.post(other.apiServices, other.apiService);
      await expect.poll(() => other.condition()).toMatchObject({ reason: 'Passed' });
      expect((await other.get(flunders)).status).toBe(200);
      expect(new Set(other.dialled.map(({ host, port }) => `${host}:${port}`))).toEqual(
        new Set(['api.example.com:7443']),
      );
    } finally {
      await other.close();
    }
  });

  it('keeps what it served in discovery, as stale, when it goes away, and is forgotten with its APIService', async () => {
    await t.stopServer();
    await t.patch('/api/v1/namespaces/default/services/sample-api', 'application/merge-patch+json', {
      metadata: { labels: { a: 'b' } },
    });
    await because('FailedDiscoveryCheck');
    expect(await unavailable()).toEqual([
      `aggregator_unavailable_apiservice{name="${apiServiceName}"} 1`,
      `aggregator_unavailable_apiservice_total{name="${apiServiceName}",reason="FailedDiscoveryCheck"} 1`,
    ]);
    expect(await discovered()).toMatchObject({ freshness: 'Stale', resources: [{ resource: 'flunders' }] });
    await t.remove(`${t.apiServices}/${apiServiceName}`);
    await expect.poll(discovered).toBeUndefined();
    expect((await t.get(flunders)).status).toBe(404);
    expect(await unavailable()).toEqual([expect.stringContaining('_total')]);
  });
});
