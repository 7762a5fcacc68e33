import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { combinedPrefix, type DesiredState, type Report, type UsageReport } from '../../../core/node/protocol.ts';
import { heldState } from '../testing/held-state.ts';
import { nodeModes } from '../testing/node-modes.ts';
import type { TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
let now: () => Date;
const time = '2026-01-02T03:04:05.000Z';

describe.each(nodeModes)('%s', (_, openApi) => {
  beforeEach(async () => {
    now = () => new Date();
    t = await openApi({ now: () => now() });
    for (const name of ['default', 'kube-system']) await t.namespace(name);
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    await t.queue.create('node-n1');
    await t.queue.create('node-n2');
    for (const node of ['n1', 'n2'])
      await report(node, { node: { status: { conditions: [{ type: 'Ready', status: 'True' }] } } });
  });

  afterEach(async () => {
    await t.close();
  });

  function agent(node: string) {
    return { as: { name: `system:node:${node}`, groups: ['system:nodes'] } };
  }

  async function desired(node: string, cursor?: string): Promise<DesiredState> {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const answer = await t.get(`/apis/agent.zeroplane.dev/v1/nodes/${node}/desired${query}`, agent(node));
    expect(answer.status).toBe(200);
    return answer.body;
  }

  async function report(node: string, body: Report) {
    return t.post(`/apis/agent.zeroplane.dev/v1/nodes/${node}/report`, body, agent(node));
  }

  async function makePod(name: string, nodeName: string, more: object = {}) {
    const spec = { nodeName, automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }], ...more };
    const made = await t.post('/api/v1/namespaces/default/pods', { metadata: { name }, spec });
    expect(made.status).toBe(201);
    return made.body;
  }

  /** As its controllers do: nothing uses it, so its finalizer goes too. */
  async function removeVolume(name: string) {
    const path = `/api/v1/persistentvolumes/${name}`;
    await t.patch(path, 'application/merge-patch+json', { metadata: { finalizers: null } });
    expect((await t.remove(path)).status).toBe(200);
    expect((await t.get(path)).status).toBe(404);
  }

  function names(changes: { put: { metadata: { name?: string } }[] } | undefined) {
    return changes?.put.map((each) => each.metadata.name);
  }

  describe('the desired state', () => {
    it('is whole at first: the pods of the node, and what they name', async () => {
      for (const name of ['wanted', 'other'])
        await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name } });
      await makePod('mine', 'n1', { volumes: [{ name: 'v', configMap: { name: 'wanted' } }] });
      await makePod('theirs', 'n2');
      const state = await desired('n1');
      expect(state.full).toBe(true);
      expect(names(state.resources.pods)).toEqual(['mine']);
      expect(names(state.resources.configmaps)).toEqual(['wanted']);
      expect(names(state.resources.nodes)).toEqual(['n1', 'n2']);
      expect(names(state.resources.namespaces)).toEqual(['default']);
    });

    it('is what changed since the cursor', async () => {
      const first = await desired('n1');
      expect(await desired('n1', first.cursor)).toEqual({ cursor: first.cursor, full: false, resources: {} });

      await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'old' } });
      await makePod('theirs', 'n2');
      const second = await desired('n1', first.cursor);
      expect(second).toMatchObject({ full: false, resources: {} });
      expect(second.resources.pods).toBeUndefined();
      expect(second.resources.configmaps).toBeUndefined();

      // A ConfigMap older than the cursor comes with the first pod that names it.
      await makePod('mine', 'n1', { volumes: [{ name: 'v', configMap: { name: 'old' } }] });
      const third = await desired('n1', second.cursor);
      expect(names(third.resources.pods)).toEqual(['mine']);
      expect(names(third.resources.configmaps)).toEqual(['old']);

      await t.patch('/api/v1/namespaces/default/configmaps/old', 'application/merge-patch+json', { data: { a: 'b' } });
      const fourth = await desired('n1', third.cursor);
      expect(Object.keys(fourth.resources)).toEqual(['configmaps']);

      await t.remove('/api/v1/namespaces/default/pods/mine?gracePeriodSeconds=0');
      const held = heldState();
      for (const each of [first, second, third, fourth]) held.take(each);
      expect([held.names('pods'), held.names('configmaps')]).toEqual([['default/mine'], ['default/old']]);
      const fifth = await desired('n1', fourth.cursor);
      expect(fifth.full).toBe(false);
      held.take(fifth);
      expect([held.names('pods'), held.names('configmaps')]).toEqual([[], []]);
    });

    it('names the local-path volumes of the node, with or without a pod, and says when one is gone', async () => {
      for (const node of ['n1', 'n2']) {
        const made = await t.post('/api/v1/persistentvolumes', {
          metadata: {
            name: `kept-on-${node}`,
            annotations: {
              'pv.kubernetes.io/provisioned-by': 'zeroplane.dev/local-path',
              'volume.kubernetes.io/selected-node': node,
            },
          },
          spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
        });
        expect(made.status).toBe(201);
      }
      const first = await desired('n1');
      expect(names(first.resources.persistentvolumes)).toEqual(['kept-on-n1']);
      for (const node of ['n1', 'n2']) await removeVolume(`kept-on-${node}`);
      const second = await desired('n1', first.cursor);
      expect(second.full).toBe(false);
      const held = heldState();
      for (const each of [first, second]) held.take(each);
      expect(held.names('persistentvolumes')).toEqual([]);
      expect(names((await desired('n1')).resources.persistentvolumes)).toEqual([]);
    });

    it('is whole again for a cursor that nobody gave out', async () => {
      for (const cursor of ['nonsense', ':1.2', ':zzzz.0.0.0.0.0.0.0.0.0.0'])
        expect(await desired('n1', cursor)).toMatchObject({ full: true });
    });

    it('belongs to the node alone', async () => {
      expect(await t.get('/apis/agent.zeroplane.dev/v1/nodes/n1/desired', agent('n2'))).toMatchObject({ status: 403 });
    });
  });

  describe('a report', () => {
    it('sets the status of pods, and keeps the conditions of others', async () => {
      const pod = await makePod('mine', 'n1');
      await t.patch('/api/v1/namespaces/default/pods/mine/status', 'application/merge-patch+json', {
        status: { conditions: [{ type: 'example.com/gate', status: 'True' }] },
      });
      const status = {
        phase: 'Running',
        podIP: '10.0.0.5',
        podIPs: [{ ip: '10.0.0.5' }],
        conditions: [{ type: 'Ready', status: 'True' }],
      };
      const answer = await report('n1', {
        pods: [{ namespace: 'default', name: 'mine', uid: pod.metadata.uid, status }],
      });
      expect(answer.body.pods).toEqual([{ code: 200 }]);
      const stored = (await t.get('/api/v1/namespaces/default/pods/mine')).body;
      expect(stored.status).toMatchObject({ phase: 'Running', podIP: '10.0.0.5' });
      expect(stored.status.conditions.map((each: { type: string }) => each.type).sort()).toEqual([
        'Ready',
        'example.com/gate',
      ]);
    });

    it('removes a pod that was to be deleted, once it has ended', async () => {
      const pod = await makePod('mine', 'n1');
      const ended = { namespace: 'default', name: 'mine', uid: pod.metadata.uid, terminated: true };
      await report('n1', { pods: [ended] });
      expect(await t.get('/api/v1/namespaces/default/pods/mine')).toMatchObject({ status: 200 });
      expect((await t.remove('/api/v1/namespaces/default/pods/mine')).body.metadata.deletionTimestamp).toBeDefined();
      expect((await report('n1', { pods: [ended] })).body.pods).toEqual([{ code: 200 }]);
      expect(await t.get('/api/v1/namespaces/default/pods/mine')).toMatchObject({ status: 404 });
      expect((await report('n1', { pods: [ended] })).body.pods).toMatchObject([{ code: 404, reason: 'NotFound' }]);
    });

    it('removes such a pod also when its last status is refused', async () => {
      const pod = await makePod('mine', 'n1');
      await t.remove('/api/v1/namespaces/default/pods/mine');
      const status = { phase: 'Running', podIP: 'nowhere' };
      const last = { namespace: 'default', name: 'mine', uid: pod.metadata.uid, status };
      expect((await report('n1', { pods: [last] })).body.pods).toMatchObject([{ code: 422 }]);
      expect((await report('n1', { pods: [{ ...last, terminated: true }] })).body.pods).toEqual([{ code: 200 }]);
      expect(await t.get('/api/v1/namespaces/default/pods/mine')).toMatchObject({ status: 404 });
    });

    it('cannot speak for pods of other nodes, or of other incarnations', async () => {
      const pod = await makePod('theirs', 'n2');
      const answer = await report('n1', {
        pods: [
          { namespace: 'default', name: 'theirs', uid: pod.metadata.uid, status: { phase: 'Failed' } },
          { namespace: 'default', name: 'theirs', uid: 'other', status: { phase: 'Failed' } },
        ],
      });
      expect(answer.body.pods).toMatchObject([{ code: 403 }, { code: 404 }]);
    });

    it('keeps the node, its heartbeat and its usage', async () => {
      const answer = await report('n1', {
        node: { labels: { zone: 'a', 'node-restriction.kubernetes.io/x': 'y' }, status: { capacity: { cpu: '2' } } },
        usage: { time, windowSeconds: 10, node: { cpu: 250_000_000, memory: 1024 * 1024 }, pods: [] },
      });
      expect(answer.body.node.metadata.labels).toMatchObject({ zone: 'a' });
      expect(answer.body.node.metadata.labels).not.toHaveProperty('node-restriction.kubernetes.io/x');
      expect(answer.body.node.status.capacity).toEqual({ cpu: '2' });
      expect((await t.store.heartbeats.all()).get('n1')).toBeGreaterThan(0);
      const metrics = await t.get('/apis/metrics.k8s.io/v1beta1/nodes/n1');
      expect(metrics.body).toMatchObject({ kind: 'NodeMetrics', usage: { cpu: '250000000n', memory: '1024Ki' } });
      expect(await t.get('/apis/metrics.k8s.io/v1beta1/nodes/n2')).toMatchObject({ status: 404 });
    });

    it('says what the containers of pods use, by name and by label', async () => {
      for (const name of ['mine', 'other']) await makePod(name, 'n1');
      await t.patch('/api/v1/namespaces/default/pods/mine', 'application/merge-patch+json', {
        metadata: { labels: { app: 'web' } },
      });
      const containers = [{ name: 'c', cpu: 20_000_000, memory: 8 * 1024 * 1024 }];
      const pods = [
        { namespace: 'default', name: 'mine', containers },
        { namespace: 'default', name: 'gone', containers },
      ];
      await report('n1', { usage: { time, windowSeconds: 10, node: { cpu: 1, memory: 0 }, pods } });
      const path = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';
      const item = {
        kind: 'PodMetrics',
        metadata: { name: 'mine', namespace: 'default', labels: { app: 'web' } },
        timestamp: time,
        window: '10s',
        containers: [{ name: 'c', usage: { cpu: '20000000n', memory: '8192Ki' } }],
      };
      expect((await t.get(`${path}/mine`)).body).toMatchObject(item);
      expect((await t.get(path)).body).toMatchObject({ kind: 'PodMetricsList', items: [item] });
      expect((await t.get(`${path}?labelSelector=app%3Ddb`)).body).toMatchObject({ items: [] });
      expect((await t.get('/apis/metrics.k8s.io/v1beta1/pods')).body.items).toHaveLength(1);
      for (const name of ['other', 'gone']) expect(await t.get(`${path}/${name}`)).toMatchObject({ status: 404 });
    });

    it('takes what a node used for unknown when that was long ago', async () => {
      await report('n1', { usage: { time, windowSeconds: 10, node: { cpu: 1, memory: 0 }, pods: [] } });
      now = () => new Date(Date.now() + 5 * 60_000);
      expect((await t.get('/apis/metrics.k8s.io/v1beta1/nodes')).body.items).toEqual([]);
    });

    it.each([
      ['no time', { windowSeconds: 10, node: { cpu: 1, memory: 0 }, pods: [] }],
      ['no node', { time, windowSeconds: 10, pods: [] }],
      [
        'a container that uses nothing',
        { time, windowSeconds: 1, node: { cpu: 1, memory: 0 }, pods: [{ containers: [{}] }] },
      ],
    ])('is refused with a usage that has %s', async (_, usage) => {
      // as: what an agent of ours never sends.
      expect(await report('n1', { usage: usage as UsageReport })).toMatchObject({ status: 400 });
    });

    it('leaves nothing behind once its node is removed', async () => {
      const usage = { time, windowSeconds: 10, node: { cpu: 1, memory: 1024 }, pods: [] };
      await report('n1', { usage });
      expect(await t.get('/apis/metrics.k8s.io/v1beta1/nodes/n1')).toMatchObject({ status: 200 });
      await t.remove('/api/v1/nodes/n1');
      await expect.poll(async () => [...(await t.store.heartbeats.all()).keys()]).toEqual(['n2']);
      expect(await t.get('/apis/metrics.k8s.io/v1beta1/nodes/n1')).toMatchObject({ status: 404 });
    });

    it('counts an event that repeats', async () => {
      const pod = await makePod('mine', 'n1');
      const event = (time: string) => ({
        regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'mine', uid: pod.metadata.uid },
        type: 'Warning' as const,
        reason: 'BackOff',
        message: 'again',
        time,
      });
      await report('n1', { events: [event('2026-01-02T03:04:05.5Z'), event('2026-01-02T03:04:06Z')] });
      await report('n1', { events: [event('2026-01-02T03:04:09Z')] });
      const { items } = (await t.get('/api/v1/namespaces/default/events')).body;
      expect(items).toHaveLength(1);
      expect(items[0]).toMatchObject({
        count: 3,
        firstTimestamp: '2026-01-02T03:04:05Z',
        lastTimestamp: '2026-01-02T03:04:09Z',
        source: { component: 'kubelet', host: 'n1' },
      });
    });

    it('counts an event as a repeat that names another id of what was tried, and shows the newest', async () => {
      const pod = await makePod('mine', 'n1');
      const failed = (text: string, second: number) => ({
        regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'mine', uid: pod.metadata.uid },
        type: 'Warning' as const,
        reason: 'Failed',
        message: text,
        time: `2026-01-02T03:04:0${second}Z`,
      });
      const reserved = (digit: string) => `Error: the name "app" is reserved for "${digit.repeat(64)}"`;
      await report('n1', { events: [failed(reserved('a'), 1), failed(reserved('b'), 2), failed('Error: other', 2)] });
      await report('n1', { events: [failed(reserved('c'), 3)] });
      // Many that differ in their words, as an agent sends them after the first of them.
      await report('n1', { events: [failed(`${combinedPrefix}port 11`, 4), failed(`${combinedPrefix}port 12`, 5)] });
      const { items } = (await t.get('/api/v1/namespaces/default/events')).body;
      const told = items.map(({ message, count }: { message: string; count: number }) => [message, count]);
      expect(new Map(told)).toEqual(
        new Map<string, number>([
          [reserved('c'), 3],
          ['Error: other', 1],
          [`${combinedPrefix}port 12`, 2],
        ]),
      );
    });
  });

  describe('wake-ups', () => {
    async function drain(node: string): Promise<number> {
      const messages = await t.queue.receive(`node-${node}`, { waitSeconds: 0, max: 10 });
      await t.queue.acknowledge(
        `node-${node}`,
        messages.map((each) => each.receipt),
      );
      return messages.length;
    }
    /** All messages of what happened so far are sent, taken and followed. */
    async function settle() {
      await t.replicas.peek('pods')?.catchUp();
      await new Promise((resolve) => setImmediate(resolve));
      for (const node of ['n1', 'n2']) {
        await drain(node);
        await desired(node);
      }
    }

    it('go to the node of a pod, once until it fetches', async () => {
      await settle();
      await makePod('a', 'n1');
      await expect.poll(() => drain('n1')).toBe(1);
      await makePod('b', 'n1');
      await t.replicas.peek('pods')?.catchUp();
      expect(await drain('n1')).toBe(0);
      expect(await drain('n2')).toBe(0);
      await desired('n1');
      await makePod('c', 'n1');
      await expect.poll(() => drain('n1')).toBe(1);
    });

    it('do not follow a status that the node wrote itself', async () => {
      const pod = await makePod('a', 'n1');
      await settle();
      await report('n1', {
        pods: [{ namespace: 'default', name: 'a', uid: pod.metadata.uid, status: { phase: 'Running' } }],
      });
      await t.replicas.peek('pods')?.catchUp();
      await makePod('b', 'n2');
      await expect.poll(() => drain('n2')).toBe(1);
      expect(await drain('n1')).toBe(0);
    });

    it('go to the node of a local-path volume when it is deleted', async () => {
      const annotations = {
        'pv.kubernetes.io/provisioned-by': 'zeroplane.dev/local-path',
        'volume.kubernetes.io/selected-node': 'n1',
      };
      const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } };
      await t.post('/api/v1/persistentvolumes', { metadata: { name: 'kept', annotations }, spec });
      await settle();
      await removeVolume('kept');
      await expect.poll(() => drain('n1')).toBe(1);
      expect(await drain('n2')).toBe(0);
    });

    it('go to all nodes when a Service changes', async () => {
      await settle();
      await t.post('/api/v1/namespaces/default/services', { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
      await expect.poll(() => drain('n1')).toBe(1);
      await expect.poll(() => drain('n2')).toBe(1);
    });

    it('are polled in the protocol of SQS, each node its own queue', async () => {
      await settle();
      await makePod('a', 'n1');
      const receive = (node: string) =>
        t.post(
          '/queues/',
          { QueueUrl: 'https://server/queues/node-n1', WaitTimeSeconds: 5 },
          {
            ...agent(node),
            headers: { 'x-amz-target': 'AmazonSQS.ReceiveMessage', 'content-type': 'application/x-amz-json-1.0' },
          },
        );
      const answer = await receive('n1');
      expect(answer.status).toBe(200);
      expect(answer.body.Messages).toMatchObject([{ Body: '{"kind":"changed"}' }]);
      expect(await receive('n2')).toMatchObject({ status: 403 });
    });
  });
});
