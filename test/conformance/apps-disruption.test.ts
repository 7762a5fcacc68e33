import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }, { name: 'n2' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const labels = { foo: 'bar' };
const fresh = async () => pathsOf(await cluster.namespace());

const budget = (name: string, minAvailable: number | string, more: Record<string, string> = {}) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, labels: more },
  spec: { selector: { matchLabels: labels }, minAvailable },
});

const processed = (path: string) =>
  client.when(path, 'its controller has seen it', ({ metadata, status }) => {
    return status?.observedGeneration === metadata.generation;
  });

async function runPods(pods: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await client.create(pods, pod(`pod-${i}`, { labels }));
  await client.whenAll(pods, '', `${count} ready pods`, (items) => {
    const ready = items.filter(({ status }) =>
      status.conditions?.some(
        (each: { type: string; status: string }) => each.type === 'Ready' && each.status === 'True',
      ),
    );
    return ready.length === count;
  });
}

const evict = (pods: string, name: string) =>
  cluster.t.post(`${pods}/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });

describe('PodDisruptionBudget', () => {
  conformance('DisruptionController should create a PodDisruptionBudget', async () => {
    const { poddisruptionbudgets } = await fresh();
    const path = `${poddisruptionbudgets}/foo`;
    await client.create(poddisruptionbudgets, budget('foo', '1%'));
    expect((await processed(path)).spec.minAvailable).toBe('1%');
    await client.change(path, ({ spec }) => {
      spec.minAvailable = '2%';
    });
    expect((await processed(path)).spec.minAvailable).toBe('2%');
    await client.patch(path, { spec: { minAvailable: '3%' } });
    expect((await processed(path)).spec.minAvailable).toBe('3%');
    await client.delete(path);
    expect((await cluster.t.get(path)).status).toBe(404);
  });

  conformance(
    'DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets',
    async () => {
      const [here, there] = [await fresh(), await fresh()];
      const mark = { kind: 'listed' };
      for (const name of ['one', 'two']) await client.create(here.poddisruptionbudgets, budget(name, '1%', mark));
      await client.create(there.poddisruptionbudgets, budget('three', '1%', mark));
      const query = 'labelSelector=kind%3Dlisted';
      expect(await client.list('/apis/policy/v1/poddisruptionbudgets', query)).toHaveLength(3);
      expect(await client.list(here.poddisruptionbudgets, query)).toHaveLength(2);
      await client.delete(`${here.poddisruptionbudgets}?${query}`);
      expect(await client.list(here.poddisruptionbudgets, query)).toEqual([]);
      expect(await client.list('/apis/policy/v1/poddisruptionbudgets', query)).toHaveLength(1);
    },
  );

  conformance('DisruptionController should observe PodDisruptionBudget status updated', async () => {
    const { poddisruptionbudgets, pods } = await fresh();
    await client.create(poddisruptionbudgets, budget('foo', 1));
    const before = await processed(`${poddisruptionbudgets}/foo`);
    expect(before.status).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0 });
    await runPods(pods, 3);
    const after = await client.when(`${poddisruptionbudgets}/foo`, 'disruptions are allowed', ({ status }) => {
      return status.disruptionsAllowed === 2;
    });
    expect(after.status).toMatchObject({ currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 });
  });

  conformance('DisruptionController should update/patch PodDisruptionBudget status', async () => {
    const { poddisruptionbudgets, pods } = await fresh();
    const path = `${poddisruptionbudgets}/foo`;
    await client.create(poddisruptionbudgets, budget('foo', 1));
    await processed(path);
    await runPods(pods, 1);
    await client.when(path, 'the pod is counted', ({ status }) => status.currentHealthy === 1);
    const at = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, '');
    const updated = await client.change(`${path}/status`, ({ status }) => {
      status.disruptedPods = { 'pod-0': at };
    });
    expect(updated.status.disruptedPods).toEqual({ 'pod-0': at });
    const patched = await client.patch(`${path}/status`, { status: { disruptedPods: null } });
    expect(patched.status.disruptedPods ?? {}).toEqual({});
  });

  conformance('DisruptionController should block an eviction until the PDB is updated to allow it', async () => {
    const { poddisruptionbudgets, pods } = await fresh();
    const path = `${poddisruptionbudgets}/foo`;
    await client.create(poddisruptionbudgets, budget('foo', 3));
    await processed(path);
    await runPods(pods, 3);
    await client.when(path, 'all are counted', ({ status }) => status.currentHealthy === 3);
    const refused = await evict(pods, 'pod-0');
    expect(refused).toMatchObject({
      status: 429,
      body: { reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget' }] } },
    });
    expect((await client.read(`${pods}/pod-0`)).metadata.deletionTimestamp).toBeUndefined();

    await client.change(path, ({ spec }) => {
      spec.minAvailable = 2;
    });
    await client.when(path, 'one may go', ({ status }) => status.disruptionsAllowed === 1);
    expect((await evict(pods, 'pod-0')).status).toBe(201);
    await client.whenGone(`${pods}/pod-0`);

    // Two are as few as there may be.
    await client.when(path, 'none may go', ({ status }) => status.currentHealthy === 2 && !status.disruptionsAllowed);
    expect((await evict(pods, 'pod-1')).status).toBe(429);
    await client.delete(path);
    expect((await evict(pods, 'pod-1')).status).toBe(201);
    await client.whenGone(`${pods}/pod-1`);
  });
});
