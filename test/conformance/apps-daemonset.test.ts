import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { missingImages } from './cluster/memory-runtime.ts';
import { daemonSet, pathsOf, secondImage } from './cluster/objects.ts';
import { conformance } from './conformance.ts';
import { hasStatusEndpoints } from './scaling.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }, { name: 'n2' }, { name: 'n3' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const nodes = ['n1', 'n2', 'n3'];
const firstImage = 'example.com/app:1';
const badImage = `${missingImages}foo:non-existent`;
const fresh = async () => pathsOf(await cluster.namespace());
const imageOf = ({ spec }: Body): string => spec.containers[0].image;
const revisionOf = ({ metadata }: Body): string => metadata.labels['controller-revision-hash'];
const isReady = ({ metadata, status }: Body) =>
  !metadata.deletionTimestamp &&
  status?.conditions?.some((each: Body) => each.type === 'Ready' && each.status === 'True');
const placesOf = (items: Body[]) => items.map(({ spec }) => spec.nodeName).sort();
/** One ready pod on each of these nodes and no other. */
const runsOn = (places: readonly string[]) => (items: Body[]) =>
  items.every(isReady) && JSON.stringify(placesOf(items)) === JSON.stringify(places);
/** JSON as Go writes a map: with sorted keys. */
const goText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(goText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${goText(each)}`).join(',')}}`;
};
const setImage = (path: string, image: string) =>
  client.change(path, (each) => {
    each.spec.template.spec.containers[0].image = image;
  });

describe('DaemonSet', () => {
  conformance('Daemon set [Serial] should run and stop simple daemon', async () => {
    const { daemonsets, pods } = await fresh();
    await client.create(daemonsets, daemonSet('simple'));
    const [first] = await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    await client.delete(`${pods}/${first.metadata.name}`);
    await client.whenAll(pods, '', 'its place is taken', (items) => {
      return runsOn(nodes)(items) && !items.some((each) => each.metadata.uid === first.metadata.uid);
    });
    await client.delete(`${daemonsets}/simple`);
    await client.whenAll(pods, '', 'none is left', (items) => items.length === 0);
  });

  conformance('Daemon set [Serial] should run and stop complex daemon', async () => {
    const { daemonsets, pods } = await fresh();
    const paint = (color: string | null) => client.patch('/api/v1/nodes/n2', { metadata: { labels: { color } } });
    await client.create(daemonsets, daemonSet('complex', {}, { spec: { nodeSelector: { color: 'blue' } } }));
    const path = `${daemonsets}/complex`;
    const told = await client.when(path, 'it was looked at', ({ status }) => status?.observedGeneration === 1);
    expect(told.status).toMatchObject({ desiredNumberScheduled: 0, currentNumberScheduled: 0 });
    expect(await client.list(pods)).toEqual([]);

    await paint('blue');
    await client.whenAll(pods, '', 'one on the blue node', runsOn(['n2']));
    await paint('green');
    await client.whenAll(pods, '', 'none', (items) => items.length === 0);
    await client.change(path, ({ spec }) => {
      spec.template.spec.nodeSelector = { color: 'green' };
      spec.updateStrategy = { type: 'RollingUpdate' };
    });
    await client.whenAll(pods, '', 'one on the green node', runsOn(['n2']));
    await client.delete(path);
    await paint(null);
  });

  conformance('Daemon set [Serial] should retry creating failed daemon pods', async () => {
    const { daemonsets, pods } = await fresh();
    await client.create(daemonsets, daemonSet('retried'));
    const [first] = await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    await client.change(`${pods}/${first.metadata.name}/status`, (each) => {
      each.status.phase = 'Failed';
    });
    await client.whenAll(pods, '', 'its place is taken', (items) => {
      return runsOn(nodes)(items) && !items.some((each) => each.metadata.uid === first.metadata.uid);
    });
  });

  conformance(
    'Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate',
    async () => {
      const { controllerrevisions, daemonsets, pods } = await fresh();
      await client.create(daemonsets, daemonSet('rolls', { updateStrategy: { type: 'RollingUpdate' } }));
      const path = `${daemonsets}/rolls`;
      const before = await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
      const [revision] = await client.list(controllerrevisions);
      expect(revision.revision).toBe(1);
      // What clients make of the template, byte for byte, finds its revision.
      const { template } = (await client.read(path)).spec;
      const patch = goText({ spec: { template: { ...template, $patch: 'replace' } } });
      expect((await cluster.t.get(controllerrevisions)).text.split(`"data":${patch}`)).toHaveLength(2);
      const hash = revision.metadata.labels['controller-revision-hash'];
      expect(before.map(revisionOf)).toEqual([hash, hash, hash]);

      await setImage(path, secondImage);
      const after = await client.whenAll(pods, '', 'all are new', (items) => {
        return runsOn(nodes)(items) && items.every((each) => imageOf(each) === secondImage);
      });
      const revisions = await client.list(controllerrevisions);
      expect(revisions.map((each) => each.revision).sort()).toEqual([1, 2]);
      const second = revisions.find((each) => each.revision === 2);
      expect(new Set(after.map(revisionOf))).toEqual(new Set([second.metadata.labels['controller-revision-hash']]));
      await client.when(path, 'it says so', ({ status }) => status.updatedNumberScheduled === 3);
    },
  );

  conformance('Daemon set [Serial] should rollback without unnecessary restarts', async () => {
    const { daemonsets, pods } = await fresh();
    await client.create(daemonsets, daemonSet('back', { updateStrategy: { type: 'RollingUpdate' } }));
    const path = `${daemonsets}/back`;
    const before = await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    await setImage(path, badImage);
    const stuck = await client.whenAll(pods, '', 'one is stuck at the bad image', (items) =>
      items.some((each) => imageOf(each) === badImage && each.status.containerStatuses?.[0]?.state.waiting),
    );
    const kept = stuck
      .filter((each) => imageOf(each) === firstImage && isReady(each))
      .map(({ metadata }) => metadata.uid);
    expect(kept).toHaveLength(2);
    expect(before.map(({ metadata }) => metadata.uid)).toEqual(expect.arrayContaining(kept));

    await setImage(path, firstImage);
    const after = await client.whenAll(pods, '', 'all are as before', (items) => {
      return runsOn(nodes)(items) && items.every((each) => imageOf(each) === firstImage);
    });
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(expect.arrayContaining(kept));
    expect(after.every(({ status }) => status.containerStatuses[0].restartCount === 0)).toBe(true);
  });

  conformance('Daemon set [Serial] should list and delete a collection of DaemonSets', async () => {
    const { daemonsets, pods } = await fresh();
    const query = 'labelSelector=e2e%3Dcollection-of-daemonsets';
    await client.create(daemonsets, daemonSet('listed', {}, { labels: { e2e: 'collection-of-daemonsets' } }));
    await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    expect(await client.list('/apis/apps/v1/daemonsets', query)).toHaveLength(1);
    await client.delete(`${daemonsets}?${query}`);
    await client.whenAll('/apis/apps/v1/daemonsets', query, 'none is left', (items) => items.length === 0);
  });

  conformance('Daemon set [Serial] should verify changes to a daemon set status', async () => {
    const { daemonsets, pods } = await fresh();
    await client.create(daemonsets, daemonSet('told'));
    await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    await client.when(`${daemonsets}/told`, 'it says so', ({ status }) => status?.numberAvailable === 3);
    await hasStatusEndpoints(cluster, `${daemonsets}/told`);
  });

  conformance('ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision', async () => {
    const { controllerrevisions, daemonsets, pods } = await fresh();
    const labels = { 'daemonset-name': 'e2e-revisions' };
    const query = 'labelSelector=daemonset-name%3De2e-revisions';
    const all = '/apis/apps/v1/controllerrevisions';
    const { metadata } = await client.create(daemonsets, daemonSet('e2e-revisions', {}, { labels }));
    await client.whenAll(pods, '', 'one on each node', runsOn(nodes));
    const [initial] = await client.list(all, query);
    expect(initial).toMatchObject({
      revision: 1,
      metadata: { ownerReferences: [{ kind: 'DaemonSet', uid: metadata.uid, controller: true }] },
    });
    const first = `${controllerrevisions}/${initial.metadata.name}`;
    const patched = await client.patch(first, { metadata: { labels: { [initial.metadata.name]: 'patched' } } });
    expect(patched.metadata.labels[initial.metadata.name]).toBe('patched');

    const { name: _, uid: __, resourceVersion: ___, ...rest } = initial.metadata;
    const second = { ...initial, metadata: { ...rest, name: 'second' }, revision: 2 };
    // Without its owner: else the DaemonSet takes it for one of its own, and clears it away.
    const { ownerReferences: ____, ...free } = second.metadata;
    await client.create(controllerrevisions, { ...second, metadata: free });
    expect(await client.list(all, query)).toHaveLength(2);
    await client.delete(`${controllerrevisions}/second`);
    await client.whenAll(all, query, 'one is left', (items) => items.length === 1);

    const updated = await client.change(first, (each) => {
      each.metadata.labels[each.metadata.name] = 'updated';
    });
    expect(updated.metadata.labels[initial.metadata.name]).toBe('updated');

    await client.patch(`${daemonsets}/e2e-revisions`, {
      spec: { template: { spec: { terminationGracePeriodSeconds: 0 } }, updateStrategy: { type: 'RollingUpdate' } },
    });
    const two = await client.whenAll(all, query, 'a second revision', (items) => items.length === 2);
    expect(two.map((each) => each.revision).sort()).toEqual([1, 2]);
    await client.whenAll(pods, '', 'all are new', (items) => {
      return (
        runsOn(nodes)(items) &&
        !items.some((each) => revisionOf(each) === initial.metadata.labels['controller-revision-hash'])
      );
    });
    const marked = `labelSelector=${initial.metadata.name}%3Dupdated`;
    await client.delete(`${controllerrevisions}?${marked}`);
    const left = await client.whenAll(all, query, 'one is left', (items) => items.length === 1);
    expect(left[0].revision).toBe(2);
  });
});
