import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod, replicaSet, replicationController, secondImage } from './cluster/objects.ts';
import { conformance } from './conformance.ts';
import { hasStatusEndpoints, hasWorkingScale } from './scaling.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }, { name: 'n2' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const fresh = async () => pathsOf(await cluster.namespace());
const allReady = (count: number) => (object: Body) =>
  object.status?.readyReplicas === count && object.status.replicas === count;
const controllerOf = (object: Body) => object.metadata.ownerReferences?.find((each: Body) => each.controller);

/** A pod that was there first is taken; one that no longer matches is let go, and another takes its place. */
async function adopts(pods: string, owners: string, owner: Body): Promise<Body> {
  const orphan = await client.create(pods, pod('orphan', { labels: { app: owner.metadata.name } }));
  expect(controllerOf(orphan)).toBeUndefined();
  const { kind, metadata } = await client.create(owners, owner);
  const adopted = await client.when(`${pods}/orphan`, 'it is adopted', (each) => controllerOf(each) !== undefined);
  expect(controllerOf(adopted)).toMatchObject({ kind, name: metadata.name, uid: metadata.uid });
  return metadata;
}

async function releases(pods: string, name: string, { uid }: Body): Promise<void> {
  const labels = { app: 'not-matching-any-more' };
  await client.patch(`${pods}/${name}`, { metadata: { labels } });
  await client.when(`${pods}/${name}`, 'it is released', (each) => controllerOf(each)?.uid !== uid);
  await client.whenAll(
    pods,
    '',
    'another takes its place',
    (items) => items.filter((each) => controllerOf(each)?.uid === uid && each.metadata.name !== name).length === 1,
  );
}

describe('ReplicaSet', () => {
  conformance('ReplicaSet should adopt matching pods on creation and release no longer matching pods', async () => {
    const { pods, replicasets } = await fresh();
    const owner = await adopts(pods, replicasets, replicaSet('adopter'));
    await releases(pods, 'orphan', owner);
  });

  conformance('ReplicaSet Replicaset should have a working scale subresource', async () => {
    const { replicasets } = await fresh();
    await client.create(replicasets, replicaSet('scaled'));
    await client.when(`${replicasets}/scaled`, 'one ready pod', allReady(1));
    await hasWorkingScale(cluster, `${replicasets}/scaled`);
  });

  conformance('ReplicaSet Replace and Patch tests', async () => {
    const { pods, replicasets } = await fresh();
    await client.create(replicasets, replicaSet('changed'));
    await client.when(`${replicasets}/changed`, 'one ready pod', allReady(1));
    const scale = await client.read(`${replicasets}/changed/scale`);
    await client.update(`${replicasets}/changed/scale`, { ...scale, spec: { replicas: 2 } });
    await client.when(`${replicasets}/changed`, 'two ready pods', allReady(2));
    const spec = {
      replicas: 3,
      template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: secondImage }] } },
    };
    const body = { metadata: { labels: { 'test-rs': 'patched' } }, spec };
    const patched = client.when(`${replicasets}/changed`, 'patched, and three are ready', (each) => {
      return each.metadata.labels['test-rs'] === 'patched' && allReady(3)(each);
    });
    const answer = await cluster.t.patch(`${replicasets}/changed`, 'application/strategic-merge-patch+json', body);
    expect(answer).toMatchObject({ status: 200, body });
    await patched;
    // Pods that are there stay as they are: the template is for new ones.
    const images = (await client.list(pods)).map((each) => each.spec.containers[0].image);
    expect(images.filter((each) => each === secondImage)).toHaveLength(1);
  });

  conformance('ReplicaSet should list and delete a collection of ReplicaSets', async () => {
    const { pods, replicasets } = await fresh();
    const labels = { e2e: 'collection-of-replicasets' };
    await client.create(replicasets, replicaSet('listed', { replicas: 3 }, { labels }));
    await client.when(`${replicasets}/listed`, 'three ready pods', allReady(3));
    const query = `labelSelector=e2e%3D${labels.e2e}`;
    expect(await client.list('/apis/apps/v1/replicasets', query)).toHaveLength(1);
    await client.delete(`${replicasets}?${query}`);
    await client.whenAll('/apis/apps/v1/replicasets', query, 'none is left', (items) => items.length === 0);
    await client.whenAll(pods, '', 'its pods are gone', (items) => items.length === 0);
  });

  conformance('ReplicaSet should validate Replicaset Status endpoints', async () => {
    const { replicasets } = await fresh();
    await client.create(replicasets, replicaSet('told'));
    await client.when(`${replicasets}/told`, 'one ready pod', allReady(1));
    await hasStatusEndpoints(cluster, `${replicasets}/told`);
  });
});

describe('ReplicationController', () => {
  conformance('ReplicationController should adopt matching pods on creation', async () => {
    const { pods, replicationcontrollers } = await fresh();
    await adopts(pods, replicationcontrollers, replicationController('adopter', 1));
  });

  conformance('ReplicationController should release no longer matching pods', async () => {
    const { pods, replicationcontrollers } = await fresh();
    const { metadata } = await client.create(replicationcontrollers, replicationController('releases', 1));
    const [one] = await client.whenAll(pods, '', 'one pod', (items) => items.length === 1);
    await releases(pods, one.metadata.name, metadata);
  });

  conformance('ReplicationController should get and update a ReplicationController scale', async () => {
    const { replicationcontrollers } = await fresh();
    await client.create(replicationcontrollers, replicationController('scaled', 1));
    await client.when(`${replicationcontrollers}/scaled`, 'one ready pod', allReady(1));
    const scale = await client.read(`${replicationcontrollers}/scaled/scale`);
    expect(scale.spec.replicas).toBe(1);
    const { resourceVersion: _, ...metadata } = scale.metadata;
    await client.update(`${replicationcontrollers}/scaled/scale`, { ...scale, metadata, spec: { replicas: 2 } });
    await client.when(`${replicationcontrollers}/scaled`, 'two ready pods', allReady(2));
    expect((await client.read(`${replicationcontrollers}/scaled/scale`)).spec.replicas).toBe(2);
  });

  conformance(
    'ReplicationController should surface a failure condition on a common issue like exceeded quota',
    async () => {
      const { resourcequotas, replicationcontrollers } = await fresh();
      await client.create(resourcequotas, { metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } });
      await client.when(`${resourcequotas}/condition-test`, 'it counts', ({ status }) => status?.hard?.pods === '2');
      await client.create(replicationcontrollers, replicationController('condition-test', 3));
      const path = `${replicationcontrollers}/condition-test`;
      const failed = ({ status }: Body) => status?.conditions?.find((each: Body) => each.type === 'ReplicaFailure');
      const told = await client.when(path, 'it tells its failure', (each) => failed(each) !== undefined);
      expect(failed(told)).toMatchObject({ status: 'True', reason: 'FailedCreate' });
      expect(failed(told).message).toContain('exceeded quota: condition-test');
      await client.change(path, (each) => {
        each.spec.replicas = 2;
      });
      await client.when(path, 'the failure is over', (each) => failed(each) === undefined);
    },
  );

  conformance('ReplicationController should test the lifecycle of a ReplicationController', async () => {
    const { replicationcontrollers } = await fresh();
    const path = `${replicationcontrollers}/lives`;
    const labels = { 'test-rc-static': 'true' };
    const query = `labelSelector=test-rc-static%3Dtrue`;
    const { until, stop } = await client.watch(replicationcontrollers, query);
    await client.create(replicationcontrollers, replicationController('lives', 1, { labels }));
    await until('ADDED', ({ metadata }) => metadata.name === 'lives');
    await until('MODIFIED', allReady(1));

    await client.patch(path, { metadata: { labels: { 'test-rc': 'patched' } } });
    await until('MODIFIED', ({ metadata }) => metadata.labels['test-rc'] === 'patched');

    // What is true is told again by its controller.
    await client.patch(`${path}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } });
    await until('MODIFIED', ({ status }) => !status.readyReplicas && !status.availableReplicas);
    await until('MODIFIED', allReady(1));
    expect((await client.read(`${path}/status`)).status).toMatchObject({ replicas: 1 });

    await client.patch(`${path}/scale`, { spec: { replicas: 2 } });
    await until('MODIFIED', ({ spec }) => spec.replicas === 2);
    await until('MODIFIED', allReady(2));

    const found = await client.list('/api/v1/replicationcontrollers', query);
    expect(found).toMatchObject([{ metadata: { name: 'lives', labels: { 'test-rc': 'patched' } } }]);
    await client.change(path, (each) => {
      each.spec.replicas = 1;
    });
    await until('MODIFIED', allReady(1));

    await client.delete(`${replicationcontrollers}?${query}`);
    await until('DELETED', ({ metadata }) => metadata.name === 'lives');
    stop();
  });
});
