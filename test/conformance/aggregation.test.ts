import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AggregatedApi,
  apiServiceName,
  flunders,
  openAggregatedApi,
  wardle,
} from '../../functions/apiserver/testing/open-aggregated-api.ts';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { conformance } from './conformance.ts';

let t: AggregatedApi;
let server: KubectlServer;

beforeAll(async () => {
  t = await openAggregatedApi();
  server = await openKubectl(t);
  await t.startServer();
  await t.makeService();
  await t.makeEndpoints();
  await server.kubectl.input(JSON.stringify(t.apiService), 'create', '-f', '-');
  await server.kubectl('wait', '--for=condition=Available', `apiservice/${apiServiceName}`, '--timeout=10s');
});
afterAll(async () => {
  await server.close();
  await t.close();
});

const named = (list: { readonly name: string }[], name: string) => list.find((each) => each.name === name);
const v2 = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };

describe('aggregation', () => {
  conformance(
    'Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly]',
    async () => {
      const { kubectl } = server;
      const made = { apiVersion: `${wardle}/v1alpha1`, kind: 'Flunder', metadata: { name: 'test-flunder' }, spec: {} };
      expect((await t.post(flunders, made)).status).toBe(201);
      expect(JSON.parse(await kubectl('get', 'flunders', 'test-flunder', '-o', 'json')).kind).toBe('Flunder');
      expect((await t.remove(`${flunders}/test-flunder`)).status).toBe(200);

      // The same through a client that finds it in discovery.
      await kubectl.input(JSON.stringify(made), 'create', '-f', '-');
      expect(await kubectl('get', 'fl', '-o', 'name')).toBe(`flunder.${wardle}/test-flunder\n`);
      await kubectl('delete', 'flunders', 'test-flunder');
      expect(await kubectl('get', 'flunders', '-o', 'name')).toBe('');

      const path = `${t.apiServices}/${apiServiceName}`;
      const status = await t.get(`${path}/status`);
      expect(status.body.status.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Passed' }]);
      const merge = 'application/merge-patch+json';
      const patched = await t.patch(`${path}/status`, merge, {
        status: {
          conditions: [
            ...status.body.status.conditions,
            {
              type: 'StatusPatched',
              status: 'True',
              reason: 'E2E',
              message: 'by a test',
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ],
        },
      });
      expect(patched.body.status.conditions).toHaveLength(2);
      const updated = await t.put(`${path}/status`, {
        ...patched.body,
        status: {
          conditions: patched.body.status.conditions.map((each: { type: string }) =>
            each.type === 'StatusPatched' ? { ...each, type: 'StatusUpdated' } : each,
          ),
        },
      });
      expect(updated.body.status.conditions).toMatchObject([{ type: 'Available' }, { type: 'StatusUpdated' }]);
      const spec = { spec: { versionPriority: 400 } };
      expect((await t.patch(path, merge, spec)).body.spec.versionPriority).toBe(400);
      const labelled = await t.patch(path, merge, { metadata: { labels: { apiservice: 'patched' } } });
      expect(labelled.status).toBe(200);
      const list = await t.get(`${t.apiServices}?labelSelector=apiservice%3Dpatched`);
      expect(list.body.items).toHaveLength(1);
      expect(await kubectl('get', 'apiservices', apiServiceName, '--no-headers')).toMatch(/default\/sample-api\s+True/);
    },
  );

  conformance('AggregatedDiscovery should support aggregated discovery interface', async () => {
    const core = (await t.get('/api', { headers: v2 })).body;
    const others = (await t.get('/apis', { headers: v2 })).body;
    const served = new Map<string, string[]>();
    for (const { metadata, versions } of [...core.items, ...others.items])
      for (const { version, resources } of versions)
        for (const { resource } of resources)
          served.set(`${metadata.name ?? ''}/${version}`, [
            ...(served.get(`${metadata.name ?? ''}/${version}`) ?? []),
            resource,
          ]);
    expect(served.get('/v1')).toEqual(expect.arrayContaining(['namespaces', 'pods', 'services']));
    expect(served.get('apps/v1')).toContain('deployments');
    expect(served.get(`${wardle}/v1alpha1`)).toEqual(['flunders']);
    // A client that takes it asks for nothing else.
    expect(await server.kubectl('api-resources', '-o', 'name')).toContain(`flunders.${wardle}\n`);
  });

  conformance('AggregatedDiscovery should support aggregated discovery interface for CRDs', async () => {
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
    await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [version],
      },
    });
    const resources = async () => {
      const { body } = await t.get('/apis', { headers: v2 });
      const group = body.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'example.com');
      return group?.versions[0].resources;
    };
    await expect.poll(resources).toMatchObject([{ resource: 'widgets', scope: 'Namespaced' }]);
    await t.remove('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com');
    await expect.poll(resources).toBeUndefined();
  });
});

describe('kubectl over aggregation', () => {
  it('explains what the extension API server describes', async () => {
    expect(await server.kubectl('explain', 'flunders.spec')).toContain('The name of another flunder.');
  });

  it('names the group among the others', async () => {
    const { body } = await t.get('/apis');
    expect(named(body.groups, wardle)).toMatchObject({ versions: [{ version: 'v1alpha1' }] });
    expect(await server.kubectl('api-versions')).toContain(`${wardle}/v1alpha1\n`);
  });
});
