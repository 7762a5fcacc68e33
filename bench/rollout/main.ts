// How many pods a second come up, end to end: Deployments created, their pods made by the controllers, bound by the scheduler,
// and reported Running by simulated nodes, over the embedded store with its syncs.
// `npm run bench -- rollout [--deployments 100] [--replicas 100] [--nodes 1000] [--one-thread]`.

import type { KubeObject } from '../../core/machinery/object.ts';
import { readCommandLine } from '../../core/process/command-line.ts';
import type { V1Deployment } from '../../generated/kubernetes.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { startNodes } from './nodes.ts';

/** Pods per second of others, for the table: the top standard tier of EKS' provisioned control planes; launches of Fargate. */
const elsewhere = { EKS: 400, Fargate: 20 };
const goal = 500;
const deadlineMs = 120_000;

export async function run(args: readonly string[] = []): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- rollout',
      description: 'Deployments from their creation to running pods, over simulated nodes',
      flags: {
        deployments: { value: 'count', help: 'that are created', default: '100' },
        replicas: { value: 'count', help: 'of each', default: '100' },
        nodes: { value: 'count', help: 'that run them', default: '1000' },
        'one-thread': { help: 'controllers and scheduler on the thread of the API server' },
      },
    },
    args,
  );
  const [deployments, replicas, nodes] = [values.deployments, values.replicas, values.nodes].map(Number) as [
    // as: three were mapped.
    number,
    number,
    number,
  ];
  const pods = deployments * replicas;
  const cluster = await openCluster(values['one-thread']);
  try {
    const simulated = await startNodes(cluster, nodes);
    await until(() => everyNodeIsOpen(cluster, nodes), 'nodes that take pods');
    const begun = performance.now();
    await Promise.all(Array.from({ length: deployments }, (_, i) => createDeployment(cluster, i, replicas)));
    const accepted = performance.now();
    await until(() => simulated.running.size >= pods, 'running pods');
    await until(async () => (await availableDeployments(cluster, replicas)) >= deployments, 'available Deployments');
    const available = performance.now();
    simulated.stop();

    const last = (times: ReadonlyMap<string, number>) => Math.max(...times.values());
    const since = (time: number) => Number(((time - begun) / 1000).toFixed(2));
    const phases = {
      'Deployments accepted, s': since(accepted),
      'last pod created, s': since(last(simulated.created)),
      'last pod bound, s': since(last(simulated.bound)),
      'last pod Running, s': since(last(simulated.running)),
      'last Deployment available, s': since(available),
    };
    const waits = [...simulated.running].map(([pod, at]) => at - (simulated.created.get(pod) ?? at));
    waits.sort((a, b) => a - b);
    const result = {
      pods,
      nodes,
      'pods/s': Math.round(pods / phases['last pod Running, s']),
      'create to Running p50, ms': quantile(waits, 0.5),
      'create to Running p99, ms': quantile(waits, 0.99),
    };
    console.table([result]);
    console.table([phases]);
    console.table({
      Zeroplane: { 'pods/s': result['pods/s'] },
      goal: { 'pods/s': goal },
      'EKS, top standard tier': { 'pods/s': elsewhere.EKS },
      'Fargate, launches': { 'pods/s': elsewhere.Fargate },
    });
    return { ...result, phases };
  } finally {
    await cluster.close();
  }
}

function createDeployment(cluster: Cluster, index: number, replicas: number): Promise<unknown> {
  const name = `web-${String(index).padStart(3, '0')}`;
  const labels = { app: name };
  const container = { name: 'app', image: 'app:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
  return cluster.registry.create(
    cluster.context,
    cluster.target('apps/deployments', 'default'),
    // Deployments have metadata.
    deployment as KubeObject,
  );
}

async function everyNodeIsOpen(cluster: Cluster, nodes: number): Promise<boolean> {
  const replica = await cluster.replicas.of('nodes');
  let open = 0;
  for (const { object } of replica.snapshot()) {
    // as: what is stored under nodes is a node.
    const { spec } = object as { spec?: { podCIDR?: string; taints?: unknown[] } };
    if (spec?.podCIDR && !spec.taints?.length) open++;
  }
  return open >= nodes && (await cluster.replicas.of('serviceaccounts')).get('default/default') !== undefined;
}

async function availableDeployments(cluster: Cluster, replicas: number): Promise<number> {
  const all = [...(await cluster.replicas.of('apps/deployments')).snapshot()];
  // as: what is stored under apps/deployments is a Deployment.
  return all.filter(({ object }) => (object as V1Deployment).status?.availableReplicas === replicas).length;
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what} after ${deadlineMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function quantile(sorted: readonly number[], q: number): number {
  return Math.round(sorted[Math.floor((sorted.length - 1) * q)] ?? 0);
}
