// A reading in the Prometheus text format, under kubelet's own names. Pure.

import { renderFamilies } from '../../core/metrics/exposition.ts';
import { type Family, labelsOf } from '../../core/metrics/family.ts';
import type { CgroupUse } from '../stats/cgroup-use.ts';
import type { CgroupRow } from './cgroup-row.ts';
import type { ContainerUse, NodeStats } from './read-stats.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** `at`: when all of it was read, Unix milliseconds, where kubelet says so. */
function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
  at?: number,
): Family {
  const time = at === undefined ? {} : { at };
  return {
    name,
    type,
    help,
    series: samples.map(({ labels = {}, value }) => ({ labels: labelsOf(labels), value, ...time })),
  };
}

/** /metrics/resource: what metrics-server reads (KEP-727). `rows`: what cgroups say of pods as a whole, and of swap. */
export function resourceMetrics({ at, node, containers }: NodeStats, rows: readonly CgroupRow[]): string {
  const inPod = ({ namespace, pod }: { namespace: string; pod: string }) => ({ namespace, pod });
  const inContainer = (each: ContainerUse) => ({ container: each.name, ...inPod(each) });
  const cgroups = new Map(rows.map((row) => [row.name || `${row.namespace}/${row.pod}`, row.use]));
  const of = (value: (each: ContainerUse) => number | undefined) =>
    containers.flatMap((each): Sample[] => {
      const found = value(each);
      return found === undefined ? [] : [{ labels: inContainer(each), value: found }];
    });
  // A pod uses more than its containers: its sandbox, and what they left behind. Some runtimes have no cgroup of it.
  const ofPods = (whole: (use: CgroupUse) => number, one: (each: ContainerUse) => number) =>
    [...Map.groupBy(containers, ({ namespace, pod }) => `${namespace}/${pod}`)].map(([name, all]): Sample => {
      const use = cgroups.get(name);
      const value = use ? whole(use) : all.reduce((sum, each) => sum + one(each), 0);
      return { labels: inPod(all[0] ?? { namespace: '', pod: '' }), value };
    });
  const cpu = (each: ContainerUse) => each.cpu / 1e9;
  const memory = (each: ContainerUse) => each.workingSet;
  const swap = (each: ContainerUse) => cgroups.get(each.id)?.memory.swap;
  const started = (each: ContainerUse) => (each.startedAt === undefined ? undefined : each.startedAt / 1000);
  return renderFamilies([
    metric('container_cpu_usage_seconds_total', 'counter', 'CPU time of the container in seconds', of(cpu), at),
    metric('container_memory_working_set_bytes', 'gauge', 'Working set of the container in bytes', of(memory), at),
    metric('container_swap_usage_bytes', 'gauge', 'Swap that the container uses, in bytes', of(swap), at),
    metric('container_start_time_seconds', 'gauge', 'When the container started, in seconds since 1970', of(started)),
    metric(
      'node_cpu_usage_seconds_total',
      'counter',
      'CPU time of the node in seconds',
      [{ value: node.cpu / 1e9 }],
      at,
    ),
    metric(
      'node_memory_working_set_bytes',
      'gauge',
      'Working set of the node in bytes',
      [{ value: node.memoryTotal - node.memoryAvailable }],
      at,
    ),
    metric(
      'node_swap_usage_bytes',
      'gauge',
      'Swap that the node uses, in bytes',
      [{ value: node.swapTotal - node.swapFree }],
      at,
    ),
    metric(
      'pod_cpu_usage_seconds_total',
      'counter',
      'CPU time of the pod in seconds',
      ofPods(({ cpu: whole }) => whole.total / 1e9, cpu),
      at,
    ),
    metric(
      'pod_memory_working_set_bytes',
      'gauge',
      'Working set of the pod in bytes',
      ofPods(({ memory: whole }) => whole.workingSet, memory),
      at,
    ),
    metric(
      'pod_swap_usage_bytes',
      'gauge',
      'Swap that the pod uses, in bytes',
      ofPods(
        ({ memory: whole }) => whole.swap,
        (each) => swap(each) ?? 0,
      ),
      at,
    ),
    scrapeError('resource_scrape_error', 0),
  ]);
}

/** Alone on its page where nothing could be read, as kubelet has it. */
export function scrapeError(name: 'resource_scrape_error' | 'container_scrape_error', value: 0 | 1): Family {
  return metric(name, 'gauge', '1 if there was an error while reading, 0 otherwise', [{ value }]);
}

export interface KubeletFigures {
  readonly nodeName: string;
  readonly version: string;
  readonly runningPods: number;
  /** By state: `running`, `exited`, `created`. */
  readonly containers: Readonly<Record<string, number>>;
  readonly process: { readonly cpuSeconds: number; readonly residentBytes: number; readonly startedAtSeconds: number };
  readonly more: readonly Family[];
}

/** /metrics of kubelet, as far as the agent has what they say. */
export function kubeletMetrics(figures: KubeletFigures): string {
  const { nodeName, version, runningPods, containers, process, more } = figures;
  const states = Object.entries(containers).map(([state, value]) => ({ labels: { container_state: state }, value }));
  return renderFamilies([
    metric('kubelet_node_name', 'gauge', 'The name of the node', [{ labels: { node: nodeName }, value: 1 }]),
    metric('kubelet_running_containers', 'gauge', 'Containers by their state', states),
    metric('kubelet_running_pods', 'gauge', 'Pods that run', [{ value: runningPods }]),
    metric('kubernetes_build_info', 'gauge', 'The version, with value 1', [
      { labels: { git_version: version }, value: 1 },
    ]),
    metric('process_cpu_seconds_total', 'counter', 'CPU time of the agent in seconds', [{ value: process.cpuSeconds }]),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of the agent in bytes', [
      { value: process.residentBytes },
    ]),
    metric('process_start_time_seconds', 'gauge', 'When the agent started, in seconds since 1970', [
      { value: process.startedAtSeconds },
    ]),
    ...more,
  ]);
}
