// From a pod's requests and limits to cgroup values. Source: Kubernetes, "Resource Management for Pods and Containers"; KEP-2837.

import { getOwn } from '../../core/machinery/own.ts';
import type { V1Container, V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { LinuxContainerResourcesInput } from '../cri/messages.ts';
import type { Pod } from './pod.ts';
import { qosClass } from './qos.ts';
import { parseQuantity } from './quantity.ts';

const cpuPeriod = 100_000;
const minShares = 2;
const minQuota = 1000;

export interface NodeCapacity {
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

export function containerResources(
  pod: Pod,
  resources: V1ResourceRequirements | undefined,
  capacity: NodeCapacity,
  sidecar: boolean,
): LinuxContainerResourcesInput {
  const { requests, limits } = amounts(resources);
  return {
    cpuPeriod,
    cpuQuota: limits.cpu > 0 ? quota(limits.cpu) : 0,
    cpuShares: shares(requests.cpu),
    memoryLimitInBytes: Math.floor(limits.memory),
    oomScoreAdj: oomScore(pod, requests.memory, capacity, sidecar),
  };
}

export interface PodCgroupLimits {
  readonly cpuShares: number;
  /** Microseconds in each 100 ms; undefined without a limit. */
  readonly cpuQuota?: number;
  readonly memory?: number;
}

/** The pod's own cgroup: limits hold only if every container has one, or the pod itself has. */
export function podCgroupLimits(pod: Pod): PodCgroupLimits {
  const own = amounts(pod.spec.resources);
  const everyone = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((each) => amounts(each.resources));
  const limited = (kind: 'cpu' | 'memory') => everyone.every(({ limits }) => limits[kind] > 0);
  const cpuLimit = own.limits.cpu || (limited('cpu') ? atOnce(pod, ({ limits }) => limits.cpu) : 0);
  const memoryLimit = own.limits.memory || (limited('memory') ? atOnce(pod, ({ limits }) => limits.memory) : 0);
  return {
    cpuShares: shares(podRequests(pod).cpu),
    ...(cpuLimit > 0 && { cpuQuota: quota(cpuLimit) }),
    ...(memoryLimit > 0 && { memory: Math.floor(memoryLimit) }),
  };
}

/** Cores and bytes that the pod asks for, without its overhead. */
export function podRequests(pod: Pod): NodeCapacity {
  const own = amounts(pod.spec.resources);
  const of = (kind: 'cpu' | 'memory') => own.requests[kind] || atOnce(pod, ({ requests }) => requests[kind]);
  return { cpu: of('cpu'), memory: of('memory') };
}

/** The most at a time: application containers with sidecars, or one init container. */
function atOnce({ spec }: Pod, pick: (each: Amounts) => number): number {
  const inits = spec.initContainers ?? [];
  const always = [...spec.containers, ...inits.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const of = (each: V1Container) => pick(amounts(each.resources));
  return Math.max(
    always.reduce((sum, each) => sum + of(each), 0),
    ...inits.map(of),
    0,
  );
}

interface Amounts {
  requests: { cpu: number; memory: number };
  limits: { cpu: number; memory: number };
}

/** A limit without a request is the request too. */
function amounts(resources: V1ResourceRequirements | undefined): Amounts {
  const of = (list: Record<string, string> | undefined, kind: string) => parseQuantity(getOwn(list, kind) ?? '0');
  const { requests, limits } = resources ?? {};
  return {
    limits: { cpu: of(limits, 'cpu'), memory: of(limits, 'memory') },
    requests: {
      cpu: requests?.['cpu'] === undefined ? of(limits, 'cpu') : of(requests, 'cpu'),
      memory: requests?.['memory'] === undefined ? of(limits, 'memory') : of(requests, 'memory'),
    },
  };
}

function quota(cores: number): number {
  // Sums of decimal fractions are off by a little: that is no microsecond more.
  return Math.max(minQuota, Math.ceil(cores * cpuPeriod - 1e-6));
}

function shares(cores: number): number {
  return Math.min(262_144, Math.max(minShares, Math.floor(cores * 1024 + 1e-6)));
}

/** Source: Kubernetes, "Node out of memory behavior". */
function oomScore(pod: Pod, memoryRequest: number, capacity: NodeCapacity, sidecar: boolean): number {
  const qos = qosClass(pod);
  if (pod.spec.priorityClassName === 'system-node-critical' || qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const requested = sidecar
    ? Math.min(...pod.spec.containers.map(({ resources }) => amounts(resources).requests.memory), memoryRequest)
    : memoryRequest;
  const score = Math.floor(1000 - (1000 * requested) / Math.max(1, capacity.memory));
  return Math.min(999, Math.max(3, score));
}
