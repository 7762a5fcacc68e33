// A reading in the Prometheus text format, under the names that dashboards know from kubelet and cAdvisor. Pure.

import { renderFamilies } from '../../core/metrics/exposition.ts';
import { type Family, labelsOf } from '../../core/metrics/family.ts';
import type { ContainerUse, NodeStats } from './read-stats.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): Family {
  return { name, type, help, series: samples.map(({ labels = {}, value }) => ({ labels: labelsOf(labels), value })) };
}

/** /metrics/resource: what metrics-server reads (KEP-727). */
export function resourceMetrics({ node, containers }: NodeStats): string {
  const of = (value: (each: ContainerUse) => number) =>
    containers.map((each) => ({
      labels: { container: each.name, namespace: each.namespace, pod: each.pod },
      value: value(each),
    }));
  const pods = [...Map.groupBy(containers, ({ namespace, pod }) => `${namespace}/${pod}`).values()];
  const ofPods = (value: (each: ContainerUse) => number) =>
    pods.map((all) => ({
      labels: { namespace: all[0]?.namespace ?? '', pod: all[0]?.pod ?? '' },
      value: all.reduce((sum, each) => sum + value(each), 0),
    }));
  const started = containers.flatMap(({ name, namespace, pod, startedAt }) =>
    startedAt === undefined ? [] : [{ labels: { container: name, namespace, pod }, value: startedAt / 1000 }],
  );
  const cpu = (each: ContainerUse) => each.cpu / 1e9;
  const memory = (each: ContainerUse) => each.workingSet;
  return renderFamilies([
    metric('container_cpu_usage_seconds_total', 'counter', 'CPU time of the container in seconds', of(cpu)),
    metric('container_memory_working_set_bytes', 'gauge', 'Working set of the container in bytes', of(memory)),
    metric('container_start_time_seconds', 'gauge', 'When the container started, in seconds since 1970', started),
    metric('node_cpu_usage_seconds_total', 'counter', 'CPU time of the node in seconds', [{ value: node.cpu / 1e9 }]),
    metric('node_memory_working_set_bytes', 'gauge', 'Working set of the node in bytes', [
      { value: node.memoryTotal - node.memoryAvailable },
    ]),
    metric('pod_cpu_usage_seconds_total', 'counter', 'CPU time of the pod in seconds', ofPods(cpu)),
    metric('pod_memory_working_set_bytes', 'gauge', 'Working set of the pod in bytes', ofPods(memory)),
    metric('resource_scrape_error', 'gauge', '1 if there was an error while reading, 0 otherwise', [{ value: 0 }]),
  ]);
}

/** /metrics/cadvisor. */
export function cadvisorMetrics({ node, containers }: NodeStats): string {
  const of = (value: (each: ContainerUse) => number, more: Readonly<Record<string, string>> = {}) =>
    containers.map((each) => ({
      labels: {
        container: each.name,
        id: `/${each.uid}/${each.id}`,
        name: each.id,
        namespace: each.namespace,
        pod: each.pod,
        ...more,
      },
      value: value(each),
    }));
  return renderFamilies([
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      'CPU time in seconds',
      of(({ cpu }) => cpu / 1e9, { cpu: 'total' }),
    ),
    metric(
      'container_fs_usage_bytes',
      'gauge',
      'Bytes of its writable layer',
      of(({ writableLayer }) => writableLayer),
    ),
    metric(
      'container_memory_rss',
      'gauge',
      'Resident anonymous memory in bytes',
      of(({ rss }) => rss),
    ),
    metric(
      'container_memory_usage_bytes',
      'gauge',
      'Memory in bytes, caches among it',
      of(({ memoryUsage }) => memoryUsage),
    ),
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      'Working set in bytes',
      of(({ workingSet }) => workingSet),
    ),
    metric(
      'container_start_time_seconds',
      'gauge',
      'When it started, in seconds since 1970',
      of(({ startedAt = 0 }) => startedAt / 1000),
    ),
    metric('machine_cpu_cores', 'gauge', 'Cores of the machine', [{ value: node.cores }]),
    metric('machine_memory_bytes', 'gauge', 'Memory of the machine in bytes', [{ value: node.memoryTotal }]),
  ]);
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
