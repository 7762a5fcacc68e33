// As on AWS: one process looks at extension API servers, another one answers requests, and neither hears of what the other commits.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInProcess } from '../../../core/registry/in-process.ts';
import { createReplicas } from '../../../core/replica/replicas.ts';
import { notifyOwnCommits } from '../../../core/store/own-commits.ts';
import type { Store } from '../../../core/store/store.ts';
import { createApiServer } from '../handler.ts';
import { flunders, openAggregatedApi, wardle } from '../testing/open-aggregated-api.ts';
import { createAggregation } from './aggregation.ts';
import { type FollowedServers, followExtensionServers } from './extension-servers.ts';
import { apiServices, type Timers } from './options.ts';
import { rememberedType } from './remembered.ts';
import { rememberedServers } from './remembered-servers.ts';

type Base = Awaited<ReturnType<typeof openAggregatedApi>>;

/** What waits is run by nobody but the test. */
function heldTimers() {
  const pending = new Map<number, { run: () => void; ms: number }>();
  let next = 0;
  const timers: Timers = {
    setTimeout(run, ms) {
      next += 1;
      pending.set(next, { run, ms });
      return next;
    },
    clearTimeout: (handle) => void pending.delete(handle as number), // as: given out above.
  };
  return { timers, pauses: () => [...pending.values()].map(({ ms }) => ms) };
}

let t: Base;
const closing: (() => void)[] = [];
beforeEach(async () => {
  // Nothing is followed by the API server that the test asks to write.
  t = await openAggregatedApi({ aggregation: nothing });
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await t.close();
});

const nothing = {
  extensions: { generation: 0, versions: [], priority: () => ({ group: 1, version: 1 }) },
  documents: { v3Paths: () => ({}), v3: () => undefined, v2: async () => [] },
  serves: () => false,
  respond: () => Promise.reject(new Error('nothing is served')),
  families: () => [],
  close: () => undefined,
};

function deaf(): Store {
  return { ...notifyOwnCommits(t.store, () => {}), onCommit: () => () => {} };
}

/** The worker, as it is when its environment is new. */
async function openWorker() {
  const store = deaf();
  const replicas = createReplicas(store);
  const parts = openInProcess(store, replicas, { serviceCIDR: '10.96.0.0/16', clusterDomain: 'cluster.local' });
  const { frontProxy, reach } = t;
  const held = heldTimers();
  const options = { ...parts, frontProxy, reach, now: () => new Date(), timers: held.timers, memory: store };
  const services = await replicas.of(apiServices);
  const servers: FollowedServers = followExtensionServers(options, services, () => undefined);
  closing.push(servers.close, replicas.close);
  return {
    ...held,
    async wake() {
      await servers.idle();
      for (const type of [apiServices, 'services', 'discovery.k8s.io/endpointslices', 'namespaces'])
        await replicas.peek(type)?.catchUp();
      await servers.idle();
    },
  };
}

/** The API server of a function. */
async function openAnswerer() {
  const store = deaf();
  const replicas = createReplicas(store);
  const parts = openInProcess(store, replicas, { serviceCIDR: '10.96.0.0/16', clusterDomain: 'cluster.local' });
  const { frontProxy, reach } = t;
  const aggregation = await createAggregation({
    ...{ ...parts, frontProxy, reach, now: () => new Date() },
    servers: (given, replica, changed) => rememberedServers({ ...given, store }, replica, changed),
  });
  const api = await createApiServer({ ...t.options, ...parts, store, aggregation });
  closing.push(api.close, replicas.close);
  return async (path: string, headers = {}) => {
    await Promise.all([apiServices, rememberedType].map((type) => replicas.peek(type)?.catchUp()));
    const { status, body } = await api.handle(t.request('GET', path, { headers }));
    const text = body instanceof Uint8Array ? Buffer.from(body).toString() : await readAll(body);
    return { status, body: JSON.parse(text) };
  };
}

async function readAll(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('extension API servers of functions', () => {
  it('are looked at when something changes, and answered for by a process that never looks', async () => {
    const worker = await openWorker();
    await t.post(t.apiServices, t.apiService);
    await worker.wake();
    expect(await t.condition()).toMatchObject({ status: 'False', reason: 'ServiceNotFound' });
    // Its Service's event will say so, and nothing is asked by time.
    expect(worker.pauses()).toEqual([]);
    await t.makeService();
    await t.makeEndpoints();
    await worker.wake();
    expect(await t.condition()).toMatchObject({ status: 'False', reason: 'FailedDiscoveryCheck' });
    expect(worker.pauses()).toHaveLength(1);

    await t.startServer();
    const again = await openWorker();
    await again.wake();
    expect(await t.condition()).toMatchObject({ status: 'True', reason: 'Passed' });
    expect(again.pauses()).toEqual([]);

    const get = await openAnswerer();
    const { body: groups } = await get('/apis');
    expect(groups.groups.map(({ name }: { name: string }) => name)).toContain(wardle);
    expect((await get(`/apis/${wardle}/v1alpha1`)).body.resources[0].name).toBe('flunders');
    expect((await get(flunders)).status).toBe(200);
    expect(t.server.asked.at(-1)).toMatchObject({ user: 'admin', groups: ['system:masters', 'system:authenticated'] });
  });

  it('are not looked at again by a new process, unless something changed meanwhile', async () => {
    await t.post(t.apiServices, t.apiService);
    await t.makeService();
    await t.makeEndpoints();
    await t.startServer();
    await (await openWorker()).wake();
    const asked = t.server.asked.length;
    expect(asked).toBeGreaterThan(0);
    await (await openWorker()).wake();
    expect(t.server.asked).toHaveLength(asked);
    const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/sample-api-1';
    await t.patch(slice, 'application/merge-patch+json', {
      endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready: false } }],
    });
    await (await openWorker()).wake();
    expect(await t.condition()).toMatchObject({ status: 'False', reason: 'MissingEndpoints' });
  });

  it('are looked at when a request did not get there, and are stale in discovery meanwhile', async () => {
    await t.post(t.apiServices, t.apiService);
    await t.makeService();
    await t.makeEndpoints();
    await t.startServer();
    const worker = await openWorker();
    await worker.wake();
    const get = await openAnswerer();
    expect((await get(flunders)).status).toBe(200);
    await t.stopServer();
    expect((await get(flunders)).status).toBe(503);
    expect(await t.condition()).toMatchObject({ status: 'False', reason: 'FailedDiscoveryCheck' });
    expect((await get(flunders)).body.message).toContain('is not available: FailedDiscoveryCheck');
    const { body } = await get('/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
    const group = body.items.find((each: { metadata: { name: string } }) => each.metadata.name === wardle);
    expect(group.versions[0]).toMatchObject({ freshness: 'Stale', resources: [{ resource: 'flunders' }] });
    await t.startServer();
    await worker.wake();
    expect(await t.condition()).toMatchObject({ status: 'True', reason: 'Passed' });
    expect((await get(flunders)).status).toBe(200);
  });

  it('are emptied of what is in a namespace that ends', async () => {
    await t.post(t.apiServices, t.apiService);
    await t.makeService();
    await t.makeEndpoints();
    await t.startServer();
    const worker = await openWorker();
    await worker.wake();
    await t.namespace('ending');
    await t.server.add('ending', 'left');
    await t.remove('/api/v1/namespaces/ending');
    await worker.wake();
    expect(t.server.names()).not.toContain('ending/left');
    expect((await t.get('/api/v1/namespaces/ending')).body.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'AggregatedContentDeleted', status: 'True' }),
    );
  });
});
