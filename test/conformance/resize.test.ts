// sig-node: other resources for containers that run (KEP-1287). The node is the real agent; its runtime in memory and the pods' cgroups
// are asked what they were told.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1Container, V1ContainerResizePolicy, V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const fresh = async () => pathsOf(await cluster.namespace());
/** Leaves the node to the next test. */
const ends = async (path: string) => {
  await client.delete(path, { gracePeriodSeconds: 0 });
  await client.whenGone(path);
};
const strategic = 'application/strategic-merge-patch+json';
const MiB = 2 ** 20;
const containersOf = (
  all: Record<string, V1ResourceRequirements>,
  resizePolicy?: V1ContainerResizePolicy[],
): V1Container[] =>
  Object.entries(all).map(([name, resources]) => ({
    name,
    image: 'i:1',
    resources,
    ...(resizePolicy && { resizePolicy }),
  }));
/** `100m`, and mebibytes: `100m 128`; a `-` for none. */
function part(text: string): Record<string, string> {
  const [cpu = '-', memory = '-'] = text.split(' ');
  return { ...(cpu !== '-' && { cpu }), ...(memory !== '-' && { memory: `${memory}Mi` }) };
}
const both = (requests: string, limits = requests): V1ResourceRequirements => ({
  requests: part(requests),
  limits: part(limits),
});

const condition = ({ status }: Body, type: string) => status.conditions?.find((each: Body) => each.type === type);
const isSettled = (one: Body) => !condition(one, 'PodResizePending') && !condition(one, 'PodResizeInProgress');
const same = (a: object = {}, b: object = {}) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
/** Each container's status shows what its spec asks for, and nothing is on its way. */
const isActual = (one: Body) =>
  isSettled(one) &&
  one.status.observedGeneration === one.metadata.generation &&
  one.spec.containers.every(({ name, resources }: V1Container) => {
    const status = one.status.containerStatuses?.find((each: Body) => each.name === name);
    const has = status?.resources ?? {};
    return (
      status?.ready &&
      same(has.requests, resources?.requests) &&
      same(has.limits, resources?.limits) &&
      same(status.allocatedResources, resources?.requests)
    );
  });

const millis = (text = '0') => (text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000);
const bytes = (text = '0') => Number(text.replace('Mi', '')) * MiB;

/** The runtime and the pod's cgroup have what the spec says, in the kernel's units. */
function machineHas({ metadata, spec, status }: Body): void {
  const node = cluster.node('n1');
  const all: V1ResourceRequirements[] = spec.containers.map(({ resources = {} }: V1Container) => resources);
  spec.containers.forEach(({ name }: V1Container, index: number) => {
    const { requests = {}, limits = {} } = all[index] ?? {};
    const { containerID } = status.containerStatuses.find((each: Body) => each.name === name);
    expect(node.resourcesOf(containerID), name).toMatchObject({
      cpuShares: Math.max(2, Math.floor((millis(requests['cpu']) * 1024) / 1000)),
      cpuQuota: limits['cpu'] ? Math.max(1000, millis(limits['cpu']) * 100) : 0,
      memoryLimitInBytes: bytes(limits['memory']),
    });
  });
  const sum = (of: (each: V1ResourceRequirements) => number) => all.reduce((total, each) => total + of(each), 0);
  const everyone = (kind: string) => all.every(({ limits }) => limits?.[kind] !== undefined);
  expect(node.cgroupOf(metadata.uid)).toEqual({
    cpuShares: Math.max(2, Math.floor((sum(({ requests }) => millis(requests?.['cpu'])) * 1024) / 1000)),
    ...(everyone('cpu') && {
      cpuQuota: Math.max(1000, sum(({ limits }) => millis(limits?.['cpu'])) * 100),
    }),
    ...(everyone('memory') && { memory: sum(({ limits }) => bytes(limits?.['memory'])) }),
  });
}

const runs = async (path: string) => {
  const running = await client.when(path, 'its containers have what it asks for', isActual);
  machineHas(running);
  return running;
};
const restartsOf = ({ status }: Body) =>
  status.containerStatuses.map((each: Body) => [each.name, each.restartCount, each.containerID]);
const resize = (path: string, containers: object[]) =>
  cluster.t.patch(`${path}/resize`, strategic, { spec: { containers } });

/** From the one to the other and back, without a restart. */
const resizes =
  (from: Record<string, V1ResourceRequirements>, to: Record<string, V1ResourceRequirements>) => async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('resized', { spec: { containers: containersOf(from) } }));
    const before = await runs(`${pods}/resized`);
    const asked = Object.entries(to).map(([name, resources]) => ({ name, resources }));
    const answer = await resize(`${pods}/resized`, asked);
    expect(answer.status, answer.text).toBe(200);
    const after = await runs(`${pods}/resized`);
    for (const [name, resources] of Object.entries(to)) {
      const { resources: has } = after.spec.containers.find((each: Body) => each.name === name);
      expect(has, name).toMatchObject(resources);
    }
    expect(before.metadata.generation).toBe(1);
    expect(after.metadata.generation).toBe(2);
    expect(after.status.qosClass).toBe(before.status.qosClass);
    expect(restartsOf(after)).toEqual(restartsOf(before));
    await ends(`${pods}/resized`);
  };

describe('resize', () => {
  const three = { c1: both('100m 100'), c2: both('200m 200'), c3: both('300m 300') };

  conformance(
    'Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers - increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase [MinimumKubeletVersion:1.34]',
    resizes(three, { c1: both('140m 140'), c2: both('250m 240'), c3: both('240m 250') }),
  );
  conformance(
    'Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers - increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease [MinimumKubeletVersion:1.34]',
    resizes(three, { c1: both('140m 140'), c2: both('150m 150'), c3: both('250m 250') }),
  );
  conformance(
    'Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers - increase: CPU (c1,c3), memory (c2, c3) ; decrease: CPU (c2) [MinimumKubeletVersion:1.34]',
    resizes(three, { c1: both('140m 100'), c2: both('150m 240'), c3: both('340m 350') }),
  );
  conformance(
    'Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed (including adding limits and requests) [MinimumKubeletVersion:1.34]',
    resizes(
      {
        c1: {},
        c2: { requests: part('100m') },
        c3: { requests: part('- 64') },
        c4: both('100m 64', '200m 128'),
        c5: both('100m 64', '200m 128'),
        c6: both('100m 64'),
      },
      {
        c1: { requests: part('50m 32') },
        c2: both('120m', '240m'),
        c3: both('- 64', '- 128'),
        c4: both('150m 96', '300m 192'),
        c5: both('60m 32', '120m 96'),
        c6: both('80m 64', '160m 128'),
      },
    ),
  );
  conformance(
    'Pod InPlace Resize Container burstable pods - extended resize with equivalents [MinimumKubeletVersion:1.34]',
    // Fewer shares than two there are not, and no quota below a hundredth.
    resizes({ c1: both('2m', '10m') }, { c1: both('1m', '5m') }),
  );
  conformance(
    'Pod InPlace Resize Container resize pod via the replace endpoint [MinimumKubeletVersion:1.34]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('replaced', { spec: { containers: containersOf({ c1: both('100m 100') }) } }));
      const before = await runs(`${pods}/replaced`);
      await client.update(`${pods}/replaced/resize`, {
        ...before,
        spec: {
          ...before.spec,
          containers: before.spec.containers.map((each: V1Container) => ({ ...each, resources: both('200m 200') })),
        },
      });
      const after = await runs(`${pods}/replaced`);
      expect(after.spec.containers[0].resources).toEqual(both('200m 200'));
      expect(restartsOf(after)).toEqual(restartsOf(before));
      expect(await client.read(`${pods}/replaced/resize`)).toEqual(await client.read(`${pods}/replaced`));
      await ends(`${pods}/replaced`);
    },
  );

  it('starts containers again that want it so', async () => {
    const { pods } = await fresh();
    const policy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const containers = containersOf({ c1: both('100m 100'), c2: both('100m 100') }, policy);
    await client.create(pods, pod('restarted', { spec: { containers } }));
    const before = await runs(`${pods}/restarted`);
    await resize(`${pods}/restarted`, [
      { name: 'c1', resources: both('200m 200') },
      { name: 'c2', resources: both('200m 100') },
    ]);
    const after = await runs(`${pods}/restarted`);
    expect(after.status.containerStatuses.map((each: Body) => each.restartCount)).toEqual([1, 0]);
    expect(after.status.containerStatuses[1].containerID).toBe(before.status.containerStatuses[1].containerID);
    await ends(`${pods}/restarted`);
  });

  it('waits for room, and says when there never will be', async () => {
    const { pods } = await fresh();
    const one = (name: string) => pod(name, { spec: { containers: containersOf({ c1: both('1 100') }) } });
    await client.create(pods, one('first'));
    await client.create(pods, one('second'));
    const before = await runs(`${pods}/first`);
    await runs(`${pods}/second`);
    await resize(`${pods}/first`, [{ name: 'c1', resources: both('5 100') }]);
    const never = await client.when(
      `${pods}/first`,
      'it is told',
      (each) => condition(each, 'PodResizePending') !== undefined,
    );
    expect(condition(never, 'PodResizePending')).toMatchObject({
      status: 'True',
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
    });
    expect(never.status.containerStatuses[0].resources).toEqual(both('1 100'));
    await resize(`${pods}/first`, [{ name: 'c1', resources: both('3500m 100') }]);
    await client.when(
      `${pods}/first`,
      'it waits',
      (each) => condition(each, 'PodResizePending')?.reason === 'Deferred',
    );
    expect(cluster.node('n1').resourcesOf(before.status.containerStatuses[0].containerID).cpuShares).toBe(1024);
    await client.delete(`${pods}/second`, { gracePeriodSeconds: 0 });
    const after = await runs(`${pods}/first`);
    expect(restartsOf(after)).toEqual(restartsOf(before));
    await ends(`${pods}/first`);
  });

  it('is refused where it would change what cannot change', async () => {
    const { pods } = await fresh();
    const containers = containersOf({ c1: both('100m 100', '200m 200') });
    await client.create(pods, pod('kept', { spec: { containers } }));
    const refused = async (change: (container: Body) => void) => {
      const { spec, ...rest } = await client.read(`${pods}/kept`);
      change(spec.containers[0]);
      const answer = await cluster.t.put(`${pods}/kept/resize`, { ...rest, spec });
      expect(answer.status).toBe(422);
      return answer.body.message;
    };
    expect(await refused((one) => (one.resources = both('200m 200')))).toContain(
      'Pod QOS Class may not change as a result of resizing',
    );
    expect(await refused((one) => (one.resources = { requests: one.resources.requests }))).toContain(
      'resource limits cannot be removed',
    );
    expect(await refused((one) => (one.resources.requests['example.com/dongle'] = '1'))).toContain(
      'only cpu and memory resources are mutable',
    );
  });

  it('is refused beyond what its namespace may have', async () => {
    const { pods, limitranges, resourcequotas } = await fresh();
    const containers = containersOf({ c1: both('100m 100', '200m 200') });
    await client.create(pods, pod('kept', { spec: { containers } }));
    const range = { metadata: { name: 'limits' }, spec: { limits: [{ type: 'Container', max: { memory: '1Gi' } }] } };
    await client.create(limitranges, range);
    const beyond = await resize(`${pods}/kept`, [{ name: 'c1', resources: both('100m 100', '200m 2048') }]);
    expect(beyond).toMatchObject({ status: 403 });
    expect(beyond.body.message).toContain('maximum memory usage per Container is 1Gi');
    await client.create(resourcequotas, { metadata: { name: 'quota' }, spec: { hard: { 'requests.cpu': '150m' } } });
    const over = await resize(`${pods}/kept`, [{ name: 'c1', resources: both('160m 100', '200m 200') }]);
    expect(over).toMatchObject({ status: 403 });
    expect(over.body.message).toContain('exceeded quota: quota');
  });
});
