import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { missingImages } from './cluster/memory-runtime.ts';
import { deployment, pathsOf, replicaSet, secondImage } from './cluster/objects.ts';
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
const revisionKey = 'deployment.kubernetes.io/revision';
const imageOf = ({ spec }: Body): string => spec.template.spec.containers[0].image;
const missingImage = `${missingImages}webserver:404`;
const available = (count: number) => (object: Body) => object.status?.availableReplicas === count;
/** As the suite means it: the newest template is all that runs, and it is all available. */
const complete = ({ metadata, spec, status }: Body) =>
  status?.observedGeneration >= metadata.generation &&
  status.updatedReplicas === spec.replicas &&
  status.replicas === spec.replicas &&
  status.availableReplicas === spec.replicas;

const setImage = (path: string, image: string) =>
  client.change(path, (each) => {
    each.spec.template.spec.containers[0].image = image;
  });

describe('Deployment', () => {
  conformance('Deployment RollingUpdateDeployment should delete old pods and create new ones', async () => {
    const { deployments, replicasets, pods } = await fresh();
    const old = replicaSet('roll');
    const annotations = { [revisionKey]: '3546343826724305832' };
    await client.create(replicasets, { ...old, metadata: { ...old.metadata, annotations } });
    await client.when(`${replicasets}/roll`, 'a pod that is available', available(1));
    const { metadata } = await client.create(deployments, deployment('roll', {}, { image: secondImage }));
    const done = await client.when(`${deployments}/roll`, 'it is complete', complete);
    expect(done.metadata.annotations[revisionKey]).toBe('3546343826724305833');
    const sets = await client.list(replicasets);
    expect(sets).toHaveLength(2);
    for (const each of sets)
      expect(each.metadata.ownerReferences).toMatchObject([
        { kind: 'Deployment', uid: metadata.uid, controller: true },
      ]);
    const [first, second] = sets.sort((a) => (a.metadata.name === 'roll' ? -1 : 1));
    expect(first).toMatchObject({ metadata: { name: 'roll' }, spec: { replicas: 0 } });
    expect(imageOf(second)).toBe(secondImage);
    expect(second.metadata.annotations[revisionKey]).toBe('3546343826724305833');
    const left = await client.whenAll(pods, '', 'the new pod alone', (items) => items.length === 1);
    expect(left[0].spec.containers[0].image).toBe(secondImage);
    expect(left[0].metadata.ownerReferences[0].uid).toBe(second.metadata.uid);
  });

  conformance('Deployment RecreateDeployment should delete old pods and create new ones', async () => {
    const { deployments, pods } = await fresh();
    await client.create(deployments, deployment('anew', { replicas: 2, strategy: { type: 'Recreate' } }));
    const first = await client.when(`${deployments}/anew`, 'it is complete', complete);
    expect(first.metadata.annotations[revisionKey]).toBe('1');
    const watch = await client.watch(pods);
    const olds = new Set<string>((await client.list(pods)).map((each) => each.metadata.uid));
    expect(olds.size).toBe(2);
    await setImage(`${deployments}/anew`, secondImage);
    for (let added = 0; added < 2; ) {
      const event = await watch.next();
      const { metadata, spec, status } = event.object;
      const over = ['Succeeded', 'Failed'].includes(status.phase);
      if (event.type === 'DELETED' || over) olds.delete(metadata.uid);
      if (event.type !== 'ADDED') continue;
      added++;
      expect(spec.containers[0].image).toBe(secondImage);
      // Not one new pod beside an old one that may run.
      expect(olds.size).toBe(0);
    }
    watch.stop();
    await client.when(`${deployments}/anew`, 'it is complete', complete);
  });

  conformance('Deployment deployment should delete old replica sets', async () => {
    const { deployments, replicasets, pods } = await fresh();
    await client.create(replicasets, replicaSet('cleaned'));
    await client.when(`${replicasets}/cleaned`, 'a pod that is available', available(1));
    const more = { revisionHistoryLimit: 0 };
    await client.create(deployments, deployment('cleaned', more, { image: secondImage }));
    await client.when(`${deployments}/cleaned`, 'it is complete', complete);
    await client.whenGone(`${replicasets}/cleaned`);
    const images = (await client.list(replicasets)).map(imageOf);
    expect(images).toEqual([secondImage]);
    await client.whenAll(pods, '', 'one pod', (items) => items.length === 1);
  });

  conformance('Deployment deployment should support rollover', async () => {
    const { deployments, replicasets } = await fresh();
    await client.create(replicasets, replicaSet('rollover'));
    await client.when(`${replicasets}/rollover`, 'a pod that is available', available(1));
    const path = `${deployments}/rollover`;
    const more = {
      minReadySeconds: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    };
    await client.create(deployments, deployment('rollover', more, { image: missingImage }));
    // The revision and the status are a write each.
    const stuck = await client.when(path, 'it tries its first template', ({ metadata, status }) => {
      return status?.updatedReplicas === 1 && metadata.annotations?.[revisionKey] === '1';
    });
    expect(stuck.status.availableReplicas).toBe(1);
    // Before it was through, it is to be something else.
    await setImage(path, secondImage);
    const held = await client.when(path, 'one is up, not long enough', ({ status }) => status.readyReplicas === 2);
    expect(held.status.conditions).toContainEqual(expect.objectContaining({ type: 'Available', status: 'True' }));
    await client.when(path, 'it is complete', complete);
    const sets = await client.list(replicasets);
    const sizes = Object.fromEntries(sets.map((each) => [imageOf(each), each.spec.replicas]));
    expect(sizes).toEqual({ 'example.com/app:1': 0, [missingImage]: 0, [secondImage]: 1 });
    const revisions = Object.fromEntries(sets.map((each) => [imageOf(each), each.metadata.annotations[revisionKey]]));
    expect(revisions).toMatchObject({ [missingImage]: '1', [secondImage]: '2' });
  });

  conformance('Deployment deployment should support proportional scaling', async () => {
    const { deployments, replicasets } = await fresh();
    const path = `${deployments}/part`;
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    await client.create(deployments, deployment('part', { replicas: 10, strategy }));
    await client.when(path, 'ten available pods', available(10));
    await setImage(path, missingImage);
    const sizes = (items: Body[]) => Object.fromEntries(items.map((each) => [imageOf(each), each]));
    const waitFor = (old: number, young: number) =>
      client.whenAll(replicasets, '', `${old} old and ${young} new ones`, (items) => {
        const { 'example.com/app:1': first, [missingImage]: second } = sizes(items);
        return first?.spec.replicas === old && second?.spec.replicas === young;
      });
    // 10 - maxUnavailable stay, and the rest of 10 + maxSurge are new.
    await waitFor(8, 5);
    await client.when(path, 'eight are available', ({ status, metadata }) => {
      return status.availableReplicas === 8 && status.observedGeneration === metadata.generation;
    });
    await client.change(path, (each) => {
      each.spec.replicas = 30;
    });
    // 20 more, and each gets its share: 8 of 13, and 5 of 13.
    await waitFor(20, 13);
  });

  conformance('Deployment Deployment should have a working scale subresource', async () => {
    const { deployments } = await fresh();
    await client.create(deployments, deployment('scaled'));
    await client.when(`${deployments}/scaled`, 'it is complete', complete);
    await hasWorkingScale(cluster, `${deployments}/scaled`);
  });

  conformance('Deployment should validate Deployment Status endpoints', async () => {
    const { deployments } = await fresh();
    await client.create(deployments, deployment('told'));
    await client.when(`${deployments}/told`, 'it is complete', complete);
    await hasStatusEndpoints(cluster, `${deployments}/told`);
  });

  conformance('Deployment should run the lifecycle of a Deployment', async () => {
    const { deployments } = await fresh();
    const path = `${deployments}/lives`;
    const labels = { 'test-deployment-static': 'true' };
    const query = 'labelSelector=test-deployment-static%3Dtrue';
    const { until, stop } = await client.watch(deployments, query);
    await client.create(deployments, deployment('lives', { replicas: 2 }, { labels }));
    await until('ADDED', ({ metadata }) => metadata.name === 'lives');
    await until('MODIFIED', available(2));

    const strategic = 'application/strategic-merge-patch+json';
    const change = {
      metadata: { labels: { 'test-deployment': 'patched' } },
      spec: { replicas: 1, template: { spec: { containers: [{ name: 'main', image: secondImage }] } } },
    };
    expect(await cluster.t.patch(path, strategic, change)).toMatchObject({ status: 200, body: change });
    const patched = await until('MODIFIED', (each) => complete(each) && each.spec.replicas === 1);
    expect(patched.metadata.labels['test-deployment']).toBe('patched');

    const found = await client.list('/apis/apps/v1/deployments', query);
    expect(found).toMatchObject([{ metadata: { name: 'lives' }, spec: { replicas: 1 } }]);
    expect(imageOf(found[0])).toBe(secondImage);

    await client.change(path, (each) => {
      each.metadata.labels['test-deployment'] = 'updated';
      each.spec.replicas = 2;
    });
    await until('MODIFIED', (each) => complete(each) && each.spec.replicas === 2);
    expect((await client.read(`${path}/status`)).metadata.labels['test-deployment']).toBe('updated');

    // What is true is told again by its controller.
    await client.patch(`${path}/status`, {
      metadata: { labels: { 'test-deployment': 'patched-status' } },
      status: { readyReplicas: 0, availableReplicas: 0 },
    });
    await until('MODIFIED', ({ status }) => !status.readyReplicas && !status.availableReplicas);
    await until('MODIFIED', complete);

    await client.delete(`${deployments}?${query}`);
    await until('DELETED', ({ metadata }) => metadata.name === 'lives');
    stop();
  });
});
