// From a pod's requests and limits to cgroup values. Source: Kubernetes, "Resource Management for Pods and Containers"; KEP-2837.

import type { V1ResourceRequirements } from '../../generated/kubernetes.ts';
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
  const apps = pod.spec.containers.map(({ resources }) => amounts(resources));
  const inits = (pod.spec.initContainers ?? []).map(({ resources, restartPolicy }) => ({
    ...amounts(resources),
    sidecar: restartPolicy === 'Always',
  }));
  const own = amounts(pod.spec.resources);
  const always = [...apps, ...inits.filter(({ sidecar }) => sidecar)];
  const total = (pick: (each: Amounts) => number) =>
    Math.max(
      always.reduce((sum, each) => sum + pick(each), 0),
      ...inits.map(pick),
      0,
    );
  const everyone = [...apps, ...inits];
  const limited = (kind: 'cpu' | 'memory') => everyone.every(({ limits }) => limits[kind] > 0);
  const cpuLimit = own.limits.cpu || (limited('cpu') ? total(({ limits }) => limits.cpu) : 0);
  const memoryLimit = own.limits.memory || (limited('memory') ? total(({ limits }) => limits.memory) : 0);
  return {
    cpuShares: shares(own.requests.cpu || total(({ requests }) => requests.cpu)),
    ...(cpuLimit > 0 && { cpuQuota: quota(cpuLimit) }),
    ...(memoryLimit > 0 && { memory: Math.floor(memoryLimit) }),
  };
}

interface Amounts {
  requests: { cpu: number; memory: number };
  limits: { cpu: number; memory: number };
}

/** A limit without a request is the request too. */
function amounts(resources: V1ResourceRequirements | undefined): Amounts {
  const of = (list: Record<string, string> | undefined, kind: string) => parseQuantity(list?.[kind] ?? '0');
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
  return Math.max(minQuota, Math.ceil(cores * cpuPeriod));
}

function shares(cores: number): number {
  return Math.min(262_144, Math.max(minShares, Math.floor(cores * 1024)));
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
