import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { type PodParts, pathsOf, pod, replicaSet } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }, { name: 'n2' }] });
  client = cluster.client;
  for (const [name, value] of Object.entries({ low: 1, medium: 100, high: 1000 }))
    await client.create(priorityClasses, { metadata: { name }, value, description: 'of a test' });
});

afterAll(async () => {
  await cluster.close();
});

const priorityClasses = '/apis/scheduling.k8s.io/v1/priorityclasses';
const fresh = async () => {
  const namespace = await cluster.namespace();
  return { namespace, ...pathsOf(namespace) };
};
const requests = (of: Record<string, string>, limits = of) => ({ container: { resources: { requests: of, limits } } });
const onNode = (name: string): PodParts['spec'] => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
});
const isBound = ({ spec }: Body) => spec.nodeName !== undefined;
const isRunning = ({ status }: Body) => status.phase === 'Running';

/** A resource that these nodes have, and no other test asks for. */
async function giveNodes(resource: string, amount: string, ...nodes: string[]): Promise<void> {
  for (const name of nodes)
    await client.patch(`/api/v1/nodes/${name}/status`, {
      status: { capacity: { [resource]: amount }, allocatable: { [resource]: amount } },
    });
}

/** Resolves with the message of the event that says why a pod is not placed. */
async function whyNotPlaced({ pods, events }: { pods: string; events: string }, name: string): Promise<string> {
  const isIt = (each: Body) => each.regarding.name === name && each.reason === 'FailedScheduling';
  const all = await client.whenAll(events, '', `FailedScheduling of ${name}`, (items) => items.some(isIt));
  expect(isBound(await client.read(`${pods}/${name}`))).toBe(false);
  return all.find(isIt).note;
}

describe('LimitRange', () => {
  const min = { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '100Gi' };
  const max = { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' };
  const defaultRequest = { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' };

  conformance(
    'LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.',
    async () => {
      const { limitranges, pods } = await fresh();
      const watch = await client.watch(limitranges);
      const limit = { type: 'Container', min, max, default: max, defaultRequest };
      const range = { metadata: { name: 'limits' }, spec: { limits: [limit] } };
      await client.create(limitranges, range);
      const added = await watch.until('ADDED', ({ metadata }) => metadata.name === 'limits');
      expect(added.spec.limits[0]).toEqual(limit);

      const resourcesOf = async (name: string) => (await client.read(`${pods}/${name}`)).spec.containers[0].resources;
      await client.create(pods, pod('without'));
      expect(await resourcesOf('without')).toEqual({ requests: defaultRequest, limits: max });
      const part = { cpu: '300m', memory: '150Mi' };
      const partial = requests({ ...part, 'ephemeral-storage': '150Gi' }, { cpu: '300m' });
      await client.create(pods, pod('partial', partial));
      expect(await resourcesOf('partial')).toEqual({
        requests: { ...part, 'ephemeral-storage': '150Gi' },
        limits: { ...max, cpu: '300m' },
      });
      const refused = async (name: string, cpu: string) => {
        const answer = await cluster.t.post(pods, pod(name, requests({ cpu })));
        expect(answer).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
        return answer.body.message;
      };
      expect(await refused('small', '10m')).toContain('minimum cpu usage per Container is 50m');
      expect(await refused('large', '600m')).toContain('maximum cpu usage per Container is 500m');

      await client.change(`${limitranges}/limits`, ({ spec }) => {
        spec.limits[0].min = { cpu: '9m', memory: '10Mi' };
      });
      await watch.until('MODIFIED', ({ spec }) => spec.limits[0].min.cpu === '9m');
      await client.create(pods, pod('small', requests({ cpu: '10m' })));
      await refused('large', '600m');

      await client.delete(`${limitranges}/limits`);
      await watch.until('DELETED', ({ metadata }) => metadata.name === 'limits');
      await client.create(pods, pod('large', requests({ cpu: '600m' })));
      expect(await resourcesOf('large')).toMatchObject({ requests: { cpu: '600m' } });
      watch.stop();
    },
  );

  conformance('LimitRange should list, patch and delete a LimitRange by collection', async () => {
    const [here, there] = [await fresh(), await fresh()];
    const query = 'labelSelector=e2e-limit-range%3Dlisted';
    const body = {
      metadata: { name: 'limits', labels: { 'e2e-limit-range': 'listed' } },
      spec: { limits: [{ type: 'Container', min, max, default: max, defaultRequest }] },
    };
    await client.create(here.limitranges, body);
    await client.create(there.limitranges, body);
    expect(await client.list('/api/v1/limitranges', query)).toHaveLength(2);
    const patch = {
      metadata: { labels: { here: 'patched' } },
      spec: { limits: [{ type: 'Container', min: { cpu: '40m' }, max: { cpu: '400m' } }] },
    };
    const patched = await cluster.t.patch(
      `${here.limitranges}/limits`,
      'application/strategic-merge-patch+json',
      patch,
    );
    expect(patched).toMatchObject({ status: 200, body: patch });
    await client.delete(`${here.limitranges}?labelSelector=here%3Dpatched`);
    const left = await client.list('/api/v1/limitranges', query);
    expect(left).toMatchObject([{ metadata: { namespace: there.namespace } }]);
  });
});

describe('nodes', () => {
  conformance('Conformance Tests should have at least two untainted nodes', async () => {
    const { pods } = await fresh();
    const isReady = ({ type, status }: Body) => type === 'Ready' && status === 'True';
    const free = (await client.list('/api/v1/nodes')).filter(({ spec, status }) => {
      return !spec.unschedulable && !spec.taints?.length && status.conditions.some(isReady);
    });
    expect(free.length).toBeGreaterThanOrEqual(2);
    // Pods that keep apart find one each.
    const labels = { keeps: 'apart' };
    const term = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    for (const { metadata } of free)
      await client.create(pods, pod(`for-${metadata.name}`, { labels, spec: { affinity } }));
    const placed = await client.whenAll(pods, '', 'all run', (items) => items.filter(isRunning).length === free.length);
    const names = free.map(({ metadata }) => metadata.name);
    expect(placed.map(({ spec }) => spec.nodeName).sort()).toEqual(names.sort());
  });
});

describe('predicates', () => {
  conformance('SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run', async () => {
    const { pods, events } = await fresh();
    const fill = (node: string) => pod(`fill-${node}`, { ...requests({ cpu: '2800m' }), spec: onNode(node) ?? {} });
    for (const node of ['n1', 'n2']) await client.create(pods, fill(node));
    for (const node of ['n1', 'n2']) await client.when(`${pods}/fill-${node}`, 'it runs', isRunning);
    await client.create(pods, pod('additional', requests({ cpu: '2' })));
    const why = await whyNotPlaced({ pods, events }, 'additional');
    expect(why).toMatch(/^0\/2 nodes are available: 2 Insufficient cpu\. preemption: /);
    // One that fits is placed.
    await client.create(pods, pod('fitting', requests({ cpu: '1' })));
    await client.when(`${pods}/fitting`, 'it is placed', isBound);
    await client.delete(pods);
    await client.whenAll(pods, '', 'none is left', (items) => items.length === 0);
  });

  conformance('SchedulerPredicates [Serial] validates that NodeSelector is respected if matching', async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('without-label'));
    const { spec } = await client.when(`${pods}/without-label`, 'it is placed', isBound);
    const node = `/api/v1/nodes/${spec.nodeName}`;
    await client.patch(node, { metadata: { labels: { 'kubernetes.io/e2e-match': '42' } } });
    const nodeSelector = { 'kubernetes.io/e2e-match': '42' };
    for (const i of [1, 2, 3]) await client.create(pods, pod(`with-labels-${i}`, { spec: { nodeSelector } }));
    for (const i of [1, 2, 3]) {
      const placed = await client.when(`${pods}/with-labels-${i}`, 'it is placed', isBound);
      expect(placed.spec.nodeName).toBe(spec.nodeName);
    }
    await client.patch(node, { metadata: { labels: { 'kubernetes.io/e2e-match': null } } });
  });

  conformance('SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching', async () => {
    const { pods, events } = await fresh();
    await client.create(pods, pod('restricted', { spec: { nodeSelector: { label: 'nonempty' } } }));
    const why = await whyNotPlaced({ pods, events }, 'restricted');
    expect(why).toContain("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
  });

  conformance(
    'SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP',
    async () => {
      const { pods, events } = await fresh();
      const withPort = (name: string, hostIP: string, protocol = 'TCP') => {
        const ports = [{ containerPort: 80, hostPort: 54322, protocol, hostIP }];
        return pod(name, { container: { ports }, spec: { nodeSelector: { 'kubernetes.io/hostname': 'n1' } } });
      };
      await client.create(pods, withPort('all', '0.0.0.0'));
      await client.when(`${pods}/all`, 'it is placed', isBound);
      await client.create(pods, withPort('one', '127.0.0.1'));
      expect(await whyNotPlaced({ pods, events }, 'one')).toContain(
        "didn't have free ports for the requested pod ports",
      );
      // Another protocol is another port.
      await client.create(pods, withPort('udp', '127.0.0.1', 'UDP'));
      await client.when(`${pods}/udp`, 'it is placed', isBound);
    },
  );
});

describe('preemption', () => {
  /** A node's whole supply of a resource, for a pod of this priority. */
  const greedy = (name: string, resource: string, priorityClassName: string, more: PodParts = {}) =>
    pod(name, { ...requests({ [resource]: '1' }), ...more, spec: { ...more.spec, priorityClassName } });

  async function fillNodes(pods: string, resource: string, first: string, second: string): Promise<void> {
    await giveNodes(resource, '1', 'n1', 'n2');
    await client.create(pods, greedy('victim', resource, first, { spec: onNode('n1') ?? {} }));
    await client.create(pods, greedy('other', resource, second, { spec: onNode('n2') ?? {} }));
    for (const name of ['victim', 'other']) await client.when(`${pods}/${name}`, 'it runs', isRunning);
  }

  conformance('SchedulerPreemption [Serial] validates basic preemption works', async () => {
    const { pods, events } = await fresh();
    await fillNodes(pods, 'example.com/basic', 'low', 'medium');
    const { metadata } = await client.create(pods, greedy('preemptor', 'example.com/basic', 'high'));
    const placed = await client.when(`${pods}/preemptor`, 'it runs', isRunning);
    expect(placed.spec.nodeName).toBe('n1');
    // Its room is free when its containers have ended; its object goes just after.
    await expect.poll(async () => (await cluster.t.get(`${pods}/victim`)).status).toBe(404);
    expect((await client.read(`${pods}/other`)).metadata.deletionTimestamp).toBeUndefined();
    const message = `Preempted by pod ${metadata.uid} on node n1`;
    await client.whenAll(events, '', 'the victim is told', (items) =>
      items.some(({ regarding, reason, note }) => {
        return regarding.name === 'victim' && reason === 'Preempted' && note === message;
      }),
    );
  });

  conformance('SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod', async () => {
    const { pods } = await fresh();
    await fillNodes(pods, 'example.com/critical', 'low', 'medium');
    const { pods: systemPods } = pathsOf('kube-system');
    await client.create(systemPods, greedy('critical', 'example.com/critical', 'system-cluster-critical'));
    await client.when(`${systemPods}/critical`, 'it runs', isRunning);
    expect((await cluster.t.get(`${pods}/victim`)).status).toBe(404);
    expect((await client.read(`${pods}/other`)).metadata.deletionTimestamp).toBeUndefined();
    await client.delete(`${systemPods}/critical`);
  });

  conformance(
    'SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod',
    async () => {
      const { pods } = await fresh();
      const resource = 'example.com/disrupted';
      await giveNodes(resource, '1', 'n1');
      await client.create(pods, greedy('victim', resource, 'low', { finalizers: ['example.com/test-finalizer'] }));
      await client.when(`${pods}/victim`, 'it runs', isRunning);
      await client.create(pods, greedy('preemptor', resource, 'high'));
      const victim = await client.when(`${pods}/victim`, 'it must go', ({ metadata }) => {
        return metadata.deletionTimestamp !== undefined;
      });
      expect(victim.status.conditions).toContainEqual(
        expect.objectContaining({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: 'default-scheduler: preempting to accommodate a higher priority pod',
        }),
      );
      await client.patch(`${pods}/victim`, { metadata: { finalizers: null } });
      await client.whenGone(`${pods}/victim`);
      const placed = await client.when(`${pods}/preemptor`, 'it runs', isRunning);
      expect(placed.status.nominatedNodeName).toBeUndefined();
    },
  );

  conformance(
    'SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path',
    async () => {
      const { pods, replicasets } = await fresh();
      const resource = 'example.com/fakecpu';
      await giveNodes(resource, '1000', 'n1');
      for (const value of [1, 2, 3, 4])
        await client.create(priorityClasses, { metadata: { name: `p${value}` }, value, description: 'of a test' });
      const watch = await client.watch(pods);
      const add = (level: number, amount: string) =>
        client.create(
          replicasets,
          replicaSet(
            `rs-pod${level}`,
            {},
            { ...requests({ [resource]: amount }), spec: { priorityClassName: `p${level}` } },
          ),
        );
      const up = (level: number) =>
        client.when(`${replicasets}/rs-pod${level}`, 'its pod is ready', ({ status }) => status?.readyReplicas === 1);
      for (const [level, amount] of Object.entries({ 1: '200', 2: '300', 3: '450' })) {
        await add(Number(level), amount);
        await up(Number(level));
      }
      await add(4, '500');
      await up(4);
      // The two lowest had to go, and their ReplicaSets made others, for which there is no room.
      const seen: Record<string, number> = {};
      while ((seen['rs-pod1'] ?? 0) < 2 || (seen['rs-pod2'] ?? 0) < 2 || !seen['rs-pod4']) {
        const { type, object } = await watch.next();
        if (type === 'ADDED') seen[object.metadata.labels.app] = (seen[object.metadata.labels.app] ?? 0) + 1;
      }
      watch.stop();
      expect(seen).toEqual({ 'rs-pod1': 2, 'rs-pod2': 2, 'rs-pod3': 1, 'rs-pod4': 1 });
      const left = await client.whenAll(pods, '', 'one of each', (items) => items.length === 4);
      const running = left.filter(isRunning).map(({ metadata }) => metadata.labels.app);
      expect(running.sort()).toEqual(['rs-pod3', 'rs-pod4']);
    },
  );

  conformance(
    'SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods',
    async () => {
      const names = (await client.list(priorityClasses)).map(({ metadata }) => metadata.name);
      expect(names).toEqual(expect.arrayContaining(['low', 'medium', 'system-cluster-critical']));
      const path = `${priorityClasses}/low`;
      expect((await client.patch(path, { description: 'patched' })).description).toBe('patched');
      const updated = await client.change(path, (each) => {
        each.description = 'updated';
      });
      expect(updated.description).toBe('updated');
      expect((await cluster.t.patch(path, 'application/merge-patch+json', { value: 9 })).status).toBe(422);
      expect((await cluster.t.put(path, { ...updated, value: 9 })).status).toBe(422);
      expect((await client.read(path)).value).toBe(1);
    },
  );
});
