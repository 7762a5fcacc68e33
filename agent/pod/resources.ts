// From a pod's requests and limits to cgroup values. Source: Kubernetes, "Resource Management for Pods and Containers"; KEP-2837.

import { ownContainers } from '../../core/kinds/core/pod/semantics/containers.ts';
import { qosClass } from '../../core/kinds/core/pod/semantics/qos-class.ts';
import { type Counting, podTotal } from '../../core/kinds/core/pod/semantics/resources.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { numberOfQuantity } from '../../core/machinery/quantity.ts';
import type { V1PodSpec, V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { LinuxContainerResourcesInput } from '../cri/messages.ts';
import type { Pod } from './pod.ts';

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
  // A program asks its own cgroup how much it may have: what bounds the pod bounds a container that says nothing (KEP-2837).
  const limitOf = (kind: 'cpu' | 'memory') =>
    amountOf(resources?.limits, kind) || amountOf(pod.spec.resources?.limits, kind);
  const request = getOwn(resources?.requests, 'cpu');
  return {
    ...linuxResources(request === undefined ? undefined : numberOfQuantity(request), limitOf('cpu'), limitOf('memory')),
    oomScoreAdj: oomScore(pod, amountOf(resources?.requests, 'memory'), capacity, sidecar),
  };
}

/**
 * What a runtime that gives each sandbox a machine of its own makes it as large as: containers as they meet, and what the machine itself
 * takes (KEP-688).
 */
export function sandboxResources({ spec }: Pod): {
  readonly resources: LinuxContainerResourcesInput;
  readonly overhead?: LinuxContainerResourcesInput;
} {
  const [requests, limits] = (['requests', 'limits'] as const).map((list) =>
    podTotal(spec, list, inNumbers, { overhead: 'without' }),
  );
  const overhead = (kind: 'cpu' | 'memory') => amountOf(spec.overhead, kind);
  return {
    resources: linuxResources(requests?.get('cpu'), limits?.get('cpu') ?? 0, limits?.get('memory') ?? 0),
    ...(spec.overhead && { overhead: linuxResources(overhead('cpu'), overhead('cpu'), overhead('memory')) }),
  };
}

/** Cores and bytes; 0: no limit. Who asks for nothing and has a limit asks for that. */
function linuxResources(cpuRequest: number | undefined, cpuLimit: number, memoryLimit: number) {
  return {
    cpuPeriod,
    cpuQuota: cpuLimit > 0 ? quota(cpuLimit) : 0,
    cpuShares: shares(cpuRequest ?? cpuLimit),
    memoryLimitInBytes: Math.floor(memoryLimit),
  };
}

export interface PodCgroupLimits {
  readonly cpuShares: number;
  /** Microseconds in each 100 ms; undefined without a limit. */
  readonly cpuQuota?: number;
  readonly memory?: number;
}

/** The pod's own cgroup: limits hold only if every container has one, or the pod itself has. */
export function podCgroupLimits({ spec }: Pod): PodCgroupLimits {
  const total = podTotal(spec, 'limits', inNumbers);
  const limit = (kind: 'cpu' | 'memory') => {
    const declared =
      amountOf(spec.resources?.limits, kind) > 0 ||
      ownContainers(spec).every(({ resources }) => amountOf(resources?.limits, kind) > 0);
    return declared ? (total.get(kind) ?? 0) : 0;
  };
  const [cpu, memory] = [limit('cpu'), limit('memory')];
  return {
    cpuShares: shares(podRequests(spec).cpu),
    ...(cpu > 0 && { cpuQuota: quota(cpu) }),
    ...(memory > 0 && { memory: Math.floor(memory) }),
  };
}

/** Cores and bytes that the pod asks for, with its overhead. */
export function podRequests(spec: V1PodSpec): NodeCapacity {
  const total = podTotal(spec, 'requests', inNumbers);
  return { cpu: total.get('cpu') ?? 0, memory: total.get('memory') ?? 0 };
}

const inNumbers: Counting<number> = {
  read: (_name, quantity) => numberOfQuantity(quantity),
  add: (left, right) => left + right,
  isMore: (left, right) => left > right,
};

function amountOf(list: Readonly<Record<string, string>> | undefined, kind: string): number {
  return numberOfQuantity(getOwn(list, kind));
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
  const qos = qosClass(pod.spec);
  if (pod.spec.priorityClassName === 'system-node-critical' || qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const requested = sidecar
    ? Math.min(...pod.spec.containers.map(({ resources }) => amountOf(resources?.requests, 'memory')), memoryRequest)
    : memoryRequest;
  const score = Math.floor(1000 - (1000 * requested) / Math.max(1, capacity.memory));
  return Math.min(999, Math.max(3, score));
}
