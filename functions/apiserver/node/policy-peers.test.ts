// What nodes are told of each other's pods for NetworkPolicies: no more than policies ask, and the same by changes as whole.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredState } from '../../../core/node/protocol.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { nodeModes } from '../testing/node-modes.ts';
import type { TestApi } from '../testing/open-test-api.ts';

interface Told {
  readonly metadata: object;
  readonly ips: string[];
  readonly groups: string[];
  readonly ports: object[];
}

let t: TestApi;
const agent = (node: string) => ({ as: { name: `system:node:${node}`, groups: ['system:nodes'] } });
const merge = 'application/merge-patch+json';

describe.each(nodeModes)('%s', (_, openApi) => {
  const open = async () => {
    t = await openApi();
    for (const [name, team] of [
      ['a', 'red'],
      ['b', 'blue'],
    ] as const) {
      await t.namespace(name);
      await t.patch(`/api/v1/namespaces/${name}`, merge, { metadata: { labels: { team } } });
      await t.post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    }
    for (const node of ['n1', 'n2']) {
      await t.queue.create(`node-${node}`);
      const status = { conditions: [{ type: 'Ready', status: 'True' }] };
      await t.post(`/apis/agent.zeroplane.dev/v1/nodes/${node}/report`, { node: { status } }, agent(node));
    }
  };
  beforeEach(open);
  afterEach(() => t.close());

  async function desired(node: string, cursor?: string): Promise<DesiredState> {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    return (await t.get(`/apis/agent.zeroplane.dev/v1/nodes/${node}/desired${query}`, agent(node))).body;
  }

  let addresses = 0;
  /** A pod that runs; its address. */
  async function runPod(name: string, nodeName: string, app: string, { namespace = 'a', more = {} } = {}) {
    const spec = { nodeName, automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i', ...more }] };
    const made = await t.post(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name, labels: { app } }, spec });
    expect(made.status).toBe(201);
    addresses += 1;
    const ip = `10.1.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
    const pods = [{ namespace, name, uid: made.body.metadata.uid, status }];
    await t.post(`/apis/agent.zeroplane.dev/v1/nodes/${nodeName}/report`, { pods }, agent(nodeName));
    return ip;
  }
  async function setPolicy(name: string, spec: object, namespace = 'a') {
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
    const made = await t.post(path, { metadata: { name }, spec: { podSelector: {}, ...spec } });
    expect(made.status).toBe(201);
  }
  const byApp = (app: string) => ({ podSelector: { matchLabels: { app } } });
  const byTeam = (team: string) => ({ namespaceSelector: { matchLabels: { team } } });
  const told = ({ resources }: DesiredState) => (resources.policypeers?.put ?? []) as unknown as Told[];
  const ips = (state: DesiredState) => told(state).flatMap((each) => each.ips);

  describe('of pods of other nodes a node is told', () => {
    it('addresses alone, of those that a policy of its namespaces names', async () => {
      await runPod('mine', 'n1', 'web');
      const ip = await runPod('far', 'n2', 'client', { more: { ports: [{ name: 'sql', containerPort: 5432 }] } });
      await runPod('other', 'n2', 'other');
      await runPod('elsewhere', 'n2', 'client', { namespace: 'b' });
      await setPolicy('in', { ingress: [{ from: [byApp('client'), byApp('web')] }] });
      const [peer, ...more] = told(await desired('n1'));
      expect(more).toEqual([]);
      const hash = expect.stringMatching(/^[0-9a-f]{16,32}$/);
      expect(peer).toEqual({ metadata: { name: hash, resourceVersion: hash }, ips: [ip], groups: [hash], ports: [] });
      // Its policies select nothing of n1's, but n2 runs pods of this namespace too.
      expect(told(await desired('n2'))).toHaveLength(1);
    });

    it('nothing where no policy asks, and nothing of policies of namespaces that are not its own', async () => {
      await runPod('mine', 'n1', 'web');
      await runPod('far', 'n2', 'client', { namespace: 'b' });
      await setPolicy('in', { ingress: [{ from: [{ namespaceSelector: {} }] }] }, 'b');
      expect(told(await desired('n1'))).toEqual([]);
      await setPolicy('block', { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }, {}] });
      await setPolicy('out', { policyTypes: ['Ingress'], egress: [{ to: [{ namespaceSelector: {} }] }] });
      expect(told(await desired('n1'))).toEqual([]);
    });

    it('the ports that egress rules name, and no others', async () => {
      await runPod('mine', 'n1', 'web');
      const ports = [
        { name: 'sql', containerPort: 5432 },
        { name: 'admin', containerPort: 9000 },
      ];
      await runPod('far', 'n2', 'db', { namespace: 'b', more: { ports } });
      await setPolicy('out', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 'sql' }] }] });
      expect(told(await desired('n1')).map((each) => each.ports)).toEqual([
        [{ name: 'sql', protocol: 'TCP', port: 5432 }],
      ]);
    });

    it('what changed: who came, who left, who is another now', async () => {
      await runPod('mine', 'n1', 'web');
      await setPolicy('in', { ingress: [{ from: [byApp('client')] }, { from: [byTeam('green')] }] });
      let { cursor } = await desired('n1');
      const next = async () => {
        const state = await desired('n1', cursor);
        expect(state.full).toBe(false);
        cursor = state.cursor;
        return { ips: ips(state), removed: state.resources.policypeers?.remove ?? [] };
      };
      const first = await runPod('far-0', 'n2', 'client');
      expect((await next()).ips).toEqual([first]);
      await t.patch('/api/v1/namespaces/a/pods/far-0', merge, { metadata: { labels: { app: 'other' } } });
      expect(await next()).toMatchObject({ ips: [], removed: [expect.any(String)] });
      await t.patch('/api/v1/namespaces/a/pods/far-0', merge, { metadata: { labels: { app: 'client' } } });
      expect((await next()).ips).toEqual([first]);
      // Another pod of that name before the node looks again, as of a StatefulSet.
      await t.remove('/api/v1/namespaces/a/pods/far-0?gracePeriodSeconds=0');
      const second = await runPod('far-0', 'n2', 'client');
      expect((await next()).ips).toEqual([second]);
      const blue = await runPod('blue', 'n2', 'any', { namespace: 'b' });
      expect((await next()).ips).toEqual([]);
      await t.patch('/api/v1/namespaces/b', merge, { metadata: { labels: { team: 'green' } } });
      expect((await next()).ips).toEqual([blue]);
      await t.patch('/api/v1/namespaces/b', merge, { metadata: { labels: { team: 'grey' } } });
      expect((await next()).removed).toHaveLength(1);
      // With its last pod there goes what it was told for it.
      await t.remove('/api/v1/namespaces/a/pods/mine?gracePeriodSeconds=0');
      expect((await desired('n1', cursor)).resources.policypeers).toEqual({ put: [], remove: [], whole: true });
    });

    it('as soon as it happens', async () => {
      await runPod('mine', 'n1', 'web');
      await setPolicy('in', { ingress: [{ from: [byApp('client')] }] });
      const messages = async () => (await t.queue.receive('node-n1', { waitSeconds: 0, max: 10 })).length;
      await t.replicas.peek('pods')?.catchUp();
      await new Promise((resolve) => setImmediate(resolve));
      await messages();
      await desired('n1');
      await runPod('far', 'n2', 'client');
      await expect.poll(messages).toBe(1);
    });
  });

  describe('by changes a node comes to know what it would be told whole', () => {
    interface Op {
      readonly kind: 'pod' | 'gone' | 'label' | 'team' | 'policy' | 'noPolicy' | 'ends' | 'fetch';
      readonly at: number;
      readonly app: string;
      readonly node: string;
      readonly namespace: string;
    }
    const op = fc.record<Op>({
      kind: fc.constantFrom('pod', 'pod', 'gone', 'label', 'team', 'policy', 'policy', 'noPolicy', 'ends', 'fetch'),
      at: fc.nat(3),
      app: fc.constantFrom('x', 'y'),
      node: fc.constantFrom('n1', 'n2'),
      namespace: fc.constantFrom('a', 'b'),
    });
    const peersOf = ({ at, app }: Op) =>
      [byApp(app), byTeam(app), { namespaceSelector: {} }, { ...byTeam('x'), ...byApp(app) }][at] ?? byApp(app);

    const run = async ({ kind, at, app, node, namespace }: Op, all: Op) => {
      const pod = `/api/v1/namespaces/${namespace}/pods/p${at}`;
      const policy = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/q${at}`;
      const there = async (path: string) => (await t.get(path)).status === 200;
      if (kind === 'pod' && !(await there(pod))) await runPod(`p${at}`, node, app, { namespace });
      if (kind === 'gone') await t.remove(`${pod}?gracePeriodSeconds=0`);
      if (kind === 'label') await t.patch(pod, merge, { metadata: { labels: { app } } });
      if (kind === 'ends') await t.patch(`${pod}/status`, merge, { status: { phase: 'Failed' } });
      if (kind === 'team')
        await t.patch(`/api/v1/namespaces/${namespace}`, merge, { metadata: { labels: { team: app } } });
      if (kind === 'noPolicy') await t.remove(policy);
      if (kind === 'policy' && !(await there(policy)))
        await setPolicy(`q${at}`, { ingress: [{ from: [peersOf(all)] }] }, namespace);
    };

    /** The addresses that the policies of a node's namespaces select among other nodes' pods, by the words of the API alone. */
    const selected = async (node: string) => {
      type Item = ReturnType<typeof JSON.parse>;
      const list = async (path: string): Promise<Item[]> => (await t.get(path)).body.items;
      const pods = await list('/api/v1/pods');
      const spaces = new Map(
        (await list('/api/v1/namespaces')).map((each) => [each.metadata.name, each.metadata.labels]),
      );
      const own = new Set(pods.filter((each) => each.spec.nodeName === node).map((each) => each.metadata.namespace));
      const policies = (await list('/apis/networking.k8s.io/v1/networkpolicies')).filter((each) =>
        own.has(each.metadata.namespace),
      );
      const has = (labels: Item, selector: Item) =>
        Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value);
      return pods
        .filter((pod) => pod.spec.nodeName !== node && pod.status.podIP && pod.status.phase !== 'Failed')
        .filter((pod) =>
          policies.some(({ metadata, spec }) => {
            const [peer] = spec.ingress[0].from;
            const inside = peer.namespaceSelector
              ? has(spaces.get(pod.metadata.namespace), peer.namespaceSelector)
              : pod.metadata.namespace === metadata.namespace;
            return inside && has(pod.metadata.labels, peer.podSelector);
          }),
        )
        .map((pod) => pod.status.podIP)
        .sort();
    };

    it('whatever happens in between', async () => {
      await fc.assert(
        fc
          .asyncProperty(fc.array(op, { minLength: 5, maxLength: 25 }), async (ops) => {
            const known = new Map<string, Map<string, Told>>([
              ['n1', new Map()],
              ['n2', new Map()],
            ]);
            const cursors = new Map<string, string>();
            const look = async (node: string) => {
              const state = await desired(node, cursors.get(node));
              cursors.set(node, state.cursor);
              const held = known.get(node) ?? new Map<string, Told>();
              const { put = [], remove = [], whole } = state.resources.policypeers ?? {};
              if (state.full || whole) held.clear();
              for (const each of put) held.set(each.metadata.name ?? '', each as unknown as Told);
              for (const each of remove) held.delete(each);
            };
            for (const each of ops) {
              await run(each, each);
              if (each.kind === 'fetch') await look(each.node);
            }
            for (const [node, held] of known) {
              await look(node);
              const byName = (a: Told, b: Told) => (JSON.stringify(a.metadata) < JSON.stringify(b.metadata) ? -1 : 1);
              expect([...held.values()].sort(byName)).toEqual([...told(await desired(node))].sort(byName));
              expect([...held.values()].flatMap((each) => each.ips).sort()).toEqual(await selected(node));
            }
          })
          .beforeEach(async () => {
            await t.close();
            await open();
          }),
        { numRuns: fuzzRuns(12) },
      );
    });
  });
});
