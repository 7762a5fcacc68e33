// Simulated users with autoscalers: Deployments whose load comes and goes, bounds and behaviors that change; and what must hold of them.

import { matchesLabels, parseLabelSelector } from '../../../core/machinery/labels.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { ObjectOf } from '../../../functions/controllers/controller.ts';
import { nothingServed, type ReadApi } from '../../../functions/controllers/read-api.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import type { Api } from './control-plane.ts';
import type { Invariant } from './invariants.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './line.ts';

/** What all pods of a workload use together, in thousandths of a CPU, by the label `app`. */
export type Load = Map<string, number>;

const namespace = 'sim';
const deployments = 'apps/deployments';
const autoscalers = 'autoscaling/horizontalpodautoscalers';
const names = ['auto-0', 'auto-1'];
const context = { user: { username: 'scaler', groups: ['system:masters'] }, warnings: [] };
/** What a pod asks for, and what it shall use: half of that. */
const [requested, wanted] = [20, 10];

export function startAutoscaling(network: Network, api: Api, load: Load): { stop(): void } {
  const { clock, random } = network;
  let stopped = false;

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return true;
      if (hasReason(error, 'Conflict', 'TooManyRequests', 'ServerTimeout')) return false;
      throw error;
    }
  }

  async function insist(work: () => Promise<unknown>): Promise<void> {
    while (!(await attempt(work))) await clock.sleep(1000);
  }

  function spec(name: string) {
    const minReplicas = random.between(1, 3);
    const rules = (windows: readonly number[]) => ({
      stabilizationWindowSeconds: random.pick(windows),
      policies: [{ type: 'Pods', value: random.between(1, 4), periodSeconds: 15 }],
    });
    const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: (100 * wanted) / requested } };
    return {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas,
      maxReplicas: minReplicas + random.between(1, 4),
      metrics: [{ type: 'Resource', resource }],
      // A pod that is new takes its share of the load before its metrics count: without a window, Kubernetes' rules take it away again.
      behavior: { scaleUp: rules([0, 30, 60]), scaleDown: rules([45, 60, 90]) },
    };
  }

  async function live(name: string): Promise<void> {
    load.set(name, random.below(80));
    await insist(() => api.registry.create(context, api.target(deployments, namespace), deployment(name)));
    const metadata = { name, namespace };
    const object = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec: spec(name) };
    await insist(() => api.registry.create(context, api.target(autoscalers, namespace), object));
    while (!stopped) {
      await clock.sleep(random.between(10_000, 90_000));
      if (stopped) return;
      if (random.chance(0.75)) load.set(name, random.below(80));
      else {
        const target = api.target(autoscalers, namespace, name);
        const body = { spec: spec(name) };
        await attempt(() => api.registry.patch(context, target, 'merge', body));
      }
    }
  }

  for (const name of names) void live(name);
  return {
    stop() {
      stopped = true;
    },
  };
}

function deployment(name: string): KubeObject {
  const labels = { app: name };
  const containers = [{ name: 'app', image: 'app:1', resources: { requests: { cpu: `${requested}m` } } }];
  const template = { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 5 } };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec };
}

/** Metrics as the API has them: the pods of a workload share its load. */
export function metricsOf(load: Load, replicas: Replicas, now: () => number): ReadApi {
  return async (path, query) => {
    if (path !== `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`) return nothingServed(path, query);
    const selector = parseLabelSelector(query['labelSelector'] ?? '');
    const pods = await replicas.of('pods');
    const running = [...pods.snapshot({ prefix: `${namespace}/` })]
      // as: what this replica holds.
      .map(({ object }) => object as V1Pod)
      .filter(({ metadata, status }) => status?.phase === 'Running' && matchesLabels(selector, metadata?.labels));
    const items = running.map(({ metadata }) => ({
      metadata: { name: metadata?.name, namespace, labels: metadata?.labels },
      timestamp: formatTime(new Date(now())),
      window: '15s',
      containers: [
        {
          name: 'app',
          usage: {
            cpu: `${shareOf(load.get(metadata?.labels?.['app'] ?? '') ?? 0, running.length)}m`,
            memory: '10Mi',
          },
        },
      ],
    }));
    return { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items };
  };
}

/** Policies count from what there was when their period began: that long ago, and as long as a write may take. */
const periodMs = 15_000 + 15_000;

/** Who has an autoscaler gets no number outside of its bounds, and none further away than its policies allow, but back into the bounds. */
export const withinAutoscaler: Invariant = (ledger, { type, object, before, deleted, now }, counted) => {
  if (type !== deployments || deleted || !before) return undefined;
  const { name = '' } = object.metadata;
  const found = ledger.get(autoscalers, namespace, name);
  const [to, from] = [replicasOf(object), replicasOf(before)];
  if (!found || to === from) return undefined;
  counted();
  const starts = ledger.recent(deployments, object.metadata.uid ?? '', now, periodMs).map(replicasOf);
  const specs = ledger.recent(autoscalers, found.metadata.uid, now).flatMap(({ spec }) => spec ?? []);
  const allowed = specs.some(({ minReplicas = 1, maxReplicas, behavior }) => {
    if (to < minReplicas || to > maxReplicas) return false;
    const { policies = [] } = (to > from ? behavior?.scaleUp : behavior?.scaleDown) ?? {};
    const back = (from < minReplicas && to === minReplicas) || (from > maxReplicas && to === maxReplicas);
    return back || policies.some(({ value }) => [from, ...starts].some((start) => Math.abs(to - start) <= value));
  });
  return allowed
    ? undefined
    : `Deployment ${name} went from ${from} to ${to}, which none of its autoscaler's rules allows`;
};

/** What each of so many pods uses, in thousandths of a CPU: autoscalers round up to whole ones. */
function shareOf(all: number, pods: number): number {
  return Math.ceil(all / pods);
}

/** At rest, as many replicas as the load calls for, within the bounds; a tenth more or less is near enough. */
export function unsettled(ledger: Ledger, load: Load): string[] {
  return names.flatMap((name) => {
    const spec = ledger.get(autoscalers, namespace, name)?.spec;
    const replicas = replicasOf(ledger.get(deployments, namespace, name));
    if (!spec) return [`autoscaler ${name} was made and is gone`];
    const { minReplicas = 1, maxReplicas } = spec;
    const share = shareOf(load.get(name) ?? 0, replicas);
    const near = 10 * Math.abs(share - wanted) <= wanted;
    const called = near ? replicas : Math.ceil((share * replicas) / wanted);
    const right = Math.min(maxReplicas, Math.max(minReplicas, called));
    return replicas === right ? [] : [`Deployment ${name} has ${replicas} replicas, its load calls for ${right}`];
  });
}

function replicasOf(object: object | undefined): number {
  // as: only asked of Deployments.
  return (object as ObjectOf<typeof deployments> | undefined)?.spec?.replicas ?? 1;
}
