// A whole cluster in this process: the real API server, registry, embedded store, controllers and scheduler, and nodes that are the
// real agent over a container runtime in memory. One for each file of tests; each test has a namespace of its own.

import { bootstrap } from '../../../core/registry/bootstrap.ts';
import { createEventRecorder } from '../../../core/registry/event-recorder.ts';
import type { ApiServerOptions } from '../../../functions/apiserver/handler.ts';
import { openTestApi, type TestApi } from '../../../functions/apiserver/testing/open-test-api.ts';
import { controllers } from '../../../functions/controllers/all.ts';
import { startControllers } from '../../../functions/controllers/run.ts';
import { startScheduler } from '../../../functions/scheduler/run.ts';
import { type Client, createClient } from './client.ts';
import { createMovableClock, type MovableClock } from './clock.ts';
import { heldToRoles } from './held-to-roles.ts';
import { type NodeSpec, type SimulatedNode, startNode } from './node.ts';
import { type Programs, standardPrograms } from './programs.ts';

export interface ClusterOptions {
  readonly nodes?: readonly NodeSpec[];
  /** Beside the standard ones. */
  readonly programs?: Programs;
  readonly api?: Partial<ApiServerOptions>;
}

export interface Cluster {
  readonly t: TestApi;
  readonly client: Client;
  readonly clock: MovableClock;
  /** Pods, as `namespace/name`, whose probes that run `healthy` fail. */
  readonly sick: Set<string>;
  /** What controllers, scheduler and nodes would log: for a test that wonders. */
  readonly problems: readonly string[];
  /** A new namespace that takes pods; resolves with its name. */
  namespace(prefix?: string): Promise<string>;
  addNode(spec: NodeSpec): Promise<SimulatedNode>;
  /** Fails when there is none of this name. */
  node(name: string): SimulatedNode;
  /** Resolves when controllers have nothing left to do of what was committed before. */
  idle(): Promise<void>;
  /** Fails when a part of the control plane wanted to write what its role does not allow. */
  close(): Promise<void>;
}

const podCIDR = '10.128.0.0/9';
const serviceCIDR = '10.96.0.0/16';

export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const clock = createMovableClock();
  const sick = new Set<string>();
  const problems: string[] = [];
  const registryOptions = { clock: () => new Date(clock.now()), serviceCIDR };
  const t = await openTestApi({ now: () => new Date(clock.now()), ...options.api }, registryOptions);
  const { registry, definitions, replicas, store } = t;
  await bootstrap(registry, definitions, { advertiseAddress: '10.0.0.1', port: 6443, serviceCIDR });
  const client = createClient(t);
  const log = (message: string, error?: unknown) => {
    problems.push(`${message}: ${String(error)}`);
  };
  const nodes: SimulatedNode[] = [];
  const refusals: string[] = [];
  const held = await heldToRoles(registry, replicas, (what) => refusals.push(what));
  const shared = { store, replicas, registry: held, definitions, clock: clock.now, timers: clock.timers, log };
  const running = startControllers({
    ...shared,
    identity: 'controllers',
    controllers: controllers({
      caCertificate: 'PEM',
      podCIDR,
      heartbeats: async () => new Map(nodes.map(({ name }) => [name, clock.now()])),
    }),
    random: Math.random,
  });
  const events = createEventRecorder(held, () => definitions.ofType('events'), clock.now, log);
  const context = { user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] }, warnings: [] };
  const scheduler = await startScheduler({
    ...shared,
    identity: 'scheduler',
    recordEvent(pod, event) {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
      void events.record(context, 'default-scheduler', about, event);
    },
  });
  const programs: Programs = {
    ...standardPrograms,
    healthy: ({ namespace, pod }) => (sick.has(`${namespace}/${pod}`) ? 1 : 0),
    ...options.programs,
  };
  let namespaces = 0;

  const cluster: Cluster = {
    t,
    client,
    clock,
    sick,
    problems,
    async namespace(prefix = 'test') {
      const name = `${prefix}-${++namespaces}`;
      await client.create('/api/v1/namespaces', { metadata: { name } });
      await client.when(`/api/v1/namespaces/${name}/serviceaccounts/default`, 'it is there', () => true);
      return name;
    },
    async addNode(spec) {
      const node = await startNode({
        ...spec,
        api: t,
        number: nodes.length,
        programs,
        now: clock.now,
        onProblem: (text) => problems.push(text),
      });
      nodes.push(node);
      const unready = ({ key }: { key: string }) => key.startsWith('node.kubernetes.io/');
      await client.when(`/api/v1/nodes/${spec.name}`, 'it takes pods', ({ spec: { podCIDR: range, taints = [] } }) => {
        return range !== undefined && !taints.some(unready);
      });
      return node;
    },
    node(name) {
      const found = nodes.find((each) => each.name === name);
      if (!found) throw new Error(`no node ${name}`);
      return found;
    },
    idle: () => running.idle(),
    async close() {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all([running.stop(), scheduler.stop()]);
      await t.close();
      if (refusals.length > 0) throw new Error([...new Set(refusals)].join('\n'));
    },
  };
  for (const spec of options.nodes ?? []) await cluster.addNode(spec);
  return cluster;
}
