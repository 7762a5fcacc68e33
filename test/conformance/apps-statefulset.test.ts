import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod, secondImage, statefulSet } from './cluster/objects.ts';
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

const firstImage = 'example.com/app:1';
/** Its pods are ready while they are not among the sick. */
const probed = {
  container: { readinessProbe: { exec: { command: ['healthy'] }, periodSeconds: 1, failureThreshold: 1 } },
};
const fresh = async () => {
  const namespace = await cluster.namespace();
  return { namespace, ...pathsOf(namespace) };
};
const ready = (count: number) => (object: Body) =>
  object.status?.readyReplicas === count && object.status.replicas === count;
const noneReady = ({ status }: Body) => !status.readyReplicas;
const scale = (path: string, replicas: number) => client.patch(`${path}/scale`, { spec: { replicas } });
const setImage = (path: string, image: string) =>
  client.change(path, (each) => {
    each.spec.template.spec.containers[0].image = image;
  });
const imageOf = ({ spec }: Body): string => spec.containers[0].image;
const isReady = ({ status }: Body) =>
  status?.conditions?.some((each: Body) => each.type === 'Ready' && each.status === 'True');
const revisionOf = ({ metadata }: Body): string => metadata.labels['controller-revision-hash'];

/** Names of pods in the order in which a watch saw them come or go. */
async function recordOf(pods: string, type: 'ADDED' | 'DELETED', count: number, work: () => Promise<unknown>) {
  const watch = await client.watch(pods);
  await work();
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await watch.next();
    if (event.type === type) seen.push(event.object.metadata.name);
  }
  watch.stop();
  return seen;
}

describe('StatefulSet', () => {
  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow]',
    async () => {
      const { namespace, pods, statefulsets } = await fresh();
      const path = `${statefulsets}/ss`;
      const all = [0, 1, 2].map((i) => `${namespace}/ss-${i}`);
      const up = await recordOf(pods, 'ADDED', 3, async () => {
        await client.create(statefulsets, statefulSet('ss', {}, probed));
        await client.when(path, 'one ready pod', ready(1));
        cluster.sick.add(`${namespace}/ss-0`);
        await client.when(path, 'none is ready', noneReady);
        await scale(path, 3);
        await client.when(
          path,
          'it knows',
          ({ metadata, status }) => status.observedGeneration === metadata.generation,
        );
        await client.never(pods, '', 'a second pod beside an unhealthy one', (items) => items.length > 1, 1500);
        cluster.sick.clear();
        await client.when(path, 'three ready pods', ready(3));
      });
      expect(up).toEqual(['ss-0', 'ss-1', 'ss-2']);

      const down = await recordOf(pods, 'DELETED', 3, async () => {
        for (const each of all) cluster.sick.add(each);
        await client.when(path, 'none is ready', noneReady);
        await scale(path, 0);
        await client.when(
          path,
          'it knows',
          ({ metadata, status }) => status.observedGeneration === metadata.generation,
        );
        await client.never(pods, '', 'a pod goes while others are unhealthy', (items) => items.length < 3, 1500);
        cluster.sick.clear();
        await client.whenAll(pods, '', 'none is left', (items) => items.length === 0);
      });
      expect(down).toEqual(['ss-2', 'ss-1', 'ss-0']);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Slow]',
    async () => {
      const { namespace, pods, statefulsets } = await fresh();
      const path = `${statefulsets}/ss`;
      await client.create(statefulsets, statefulSet('ss', { podManagementPolicy: 'Parallel' }, probed));
      await client.when(path, 'one ready pod', ready(1));
      for (const i of [0, 1, 2]) cluster.sick.add(`${namespace}/ss-${i}`);
      await client.when(path, 'none is ready', noneReady);
      await scale(path, 3);
      await client.whenAll(pods, '', 'three run, unhealthy', (items) => {
        return items.length === 3 && items.every((each) => each.status.phase === 'Running' && !isReady(each));
      });
      cluster.sick.clear();
      await client.when(path, 'three ready pods', ready(3));
      for (const i of [0, 1, 2]) cluster.sick.add(`${namespace}/ss-${i}`);
      await client.when(path, 'none is ready', noneReady);
      await scale(path, 0);
      await client.whenAll(pods, '', 'none is left', (items) => items.length === 0);
      await client.when(path, 'it says so', ({ status }) => status.replicas === 0);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset',
    async () => {
      const { pods, statefulsets } = await fresh();
      const container = { ports: [{ containerPort: 21017, hostPort: 21017, name: 'conflict' }] };
      await client.create(pods, pod('test-pod', { container, spec: { nodeName: 'n1' } }));
      await client.when(`${pods}/test-pod`, 'it runs', ({ status }) => status.phase === 'Running');
      const watch = await client.watch(pods);
      await client.create(statefulsets, statefulSet('ss', {}, { container, spec: { nodeName: 'n1' } }));
      // The node refuses it, and it is made again under the same name.
      const seen: string[] = [];
      const uids = new Set<string>();
      while (!(seen.includes('Failed') && seen.includes('DELETED') && uids.size > 1)) {
        const event = await watch.next();
        if (event.object.metadata.name !== 'ss-0') continue;
        uids.add(event.object.metadata.uid);
        seen.push(event.type === 'DELETED' ? 'DELETED' : event.object.status.phase);
      }
      watch.stop();
      await client.delete(`${pods}/test-pod`);
      const runs = await client.when(`${pods}/ss-0`, 'it runs', ({ status }) => status.phase === 'Running');
      expect([...uids][0]).not.toBe(runs.metadata.uid);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of template modifications',
    async () => {
      const { namespace, pods, statefulsets } = await fresh();
      const path = `${statefulsets}/ss`;
      await client.create(statefulsets, statefulSet('ss', { replicas: 3 }, probed));
      const made = await client.when(path, 'three ready pods', ready(3));
      const { currentRevision: first, updateRevision } = made.status;
      expect(updateRevision).toBe(first);
      expect((await client.list(pods)).map(revisionOf)).toEqual([first, first, first]);

      const roll = async (image: string, from: string) => {
        cluster.sick.add(`${namespace}/ss-1`);
        await client.when(`${pods}/ss-1`, 'it is not ready', (each) => !isReady(each));
        await setImage(path, image);
        const told = await client.when(path, 'a new revision', ({ status }) => status.updateRevision !== from);
        expect(told.status.currentRevision).toBe(from);
        const to = told.status.updateRevision;
        const order = await recordOf(pods, 'ADDED', 3, async () => {
          // One that is unhealthy is as many as may be away.
          await cluster.idle();
          expect((await client.list(pods)).map(imageOf)).not.toContain(image);
          cluster.sick.clear();
        });
        expect(order).toEqual(['ss-2', 'ss-1', 'ss-0']);
        const done = await client.when(path, 'the roll is over', ({ status }) => status.currentRevision === to);
        expect(done.status).toMatchObject({ updateRevision: to, readyReplicas: 3, updatedReplicas: 3 });
        for (const each of await client.list(pods)) {
          expect(imageOf(each)).toBe(image);
          expect(revisionOf(each)).toBe(to);
        }
        return to;
      };
      const second = await roll(secondImage, first);
      // The old template again is the old revision again.
      expect(await roll(firstImage, second)).toBe(first);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications',
    async () => {
      const { pods, statefulsets } = await fresh();
      const path = `${statefulsets}/ss`;
      const partition = (value: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition: value } });
      const images = async () => {
        const items = (await client.list(pods)).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        return items.map(imageOf);
      };
      const arePlaced = (old: number) => (items: Body[]) =>
        items.length === 3 &&
        items.every((each) => {
          const isOld = Number(each.metadata.name.slice(-1)) < old;
          return imageOf(each) === (isOld ? firstImage : secondImage) && isReady(each);
        });
      await client.create(statefulsets, statefulSet('ss', { replicas: 3, updateStrategy: partition(3) }, probed));
      const made = await client.when(path, 'three ready pods', ready(3));
      const first = made.status.currentRevision;

      await setImage(path, secondImage);
      const told = await client.when(path, 'a new revision', ({ status }) => status.updateRevision !== first);
      const second = told.status.updateRevision;
      await cluster.idle();
      expect(await images()).toEqual([firstImage, firstImage, firstImage]);

      await client.patch(path, { spec: { updateStrategy: partition(2) } });
      await client.whenAll(pods, '', 'the canary', arePlaced(2));
      expect(revisionOf(await client.read(`${pods}/ss-2`))).toBe(second);
      expect(revisionOf(await client.read(`${pods}/ss-1`))).toBe(first);

      // What is deleted comes back as what it was.
      const uids = new Set((await client.list(pods)).map((each) => each.metadata.uid));
      await client.delete(`${pods}/ss-0`);
      await client.delete(`${pods}/ss-2`);
      const anew = (items: Body[]) => items.filter((each) => !uids.has(each.metadata.uid)).length === 2;
      await client.whenAll(pods, '', 'both are back', (items) => anew(items) && arePlaced(2)(items));

      for (const at of [1, 0]) {
        await client.patch(path, { spec: { updateStrategy: partition(at) } });
        await client.whenAll(pods, '', `those from ${at} are new`, arePlaced(at));
      }
      const done = await client.when(path, 'the roll is over', ({ status }) => status.currentRevision === second);
      expect(done.status.updateRevision).toBe(second);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource',
    async () => {
      const { statefulsets } = await fresh();
      await client.create(statefulsets, statefulSet('ss'));
      await client.when(`${statefulsets}/ss`, 'one ready pod', ready(1));
      await hasWorkingScale(cluster, `${statefulsets}/ss`);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets',
    async () => {
      const { statefulsets } = await fresh();
      const query = 'labelSelector=e2e%3Dcollection-of-statefulsets';
      await client.create(statefulsets, statefulSet('listed', {}, { labels: { e2e: 'collection-of-statefulsets' } }));
      await client.when(`${statefulsets}/listed`, 'one ready pod', ready(1));
      expect(await client.list('/apis/apps/v1/statefulsets', query)).toHaveLength(1);
      const body = {
        metadata: { labels: { listed: 'patched' } },
        spec: {
          replicas: 2,
          updateStrategy: { type: 'RollingUpdate' },
          template: {
            spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: secondImage }] },
          },
        },
      };
      const type = 'application/strategic-merge-patch+json';
      expect(await cluster.t.patch(`${statefulsets}/listed`, type, body)).toMatchObject({ status: 200, body });
      await client.when(`${statefulsets}/listed`, 'two ready pods, both new', (each) => {
        return ready(2)(each) && each.status.updatedReplicas === 2;
      });
      await client.delete(`${statefulsets}?${query}`);
      await client.whenAll('/apis/apps/v1/statefulsets', query, 'none is left', (items) => items.length === 0);
    },
  );

  conformance(
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints',
    async () => {
      const { statefulsets } = await fresh();
      await client.create(statefulsets, statefulSet('ss'));
      await client.when(`${statefulsets}/ss`, 'one ready pod', ready(1));
      await hasStatusEndpoints(cluster, `${statefulsets}/ss`);
    },
  );
});
