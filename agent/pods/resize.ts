// Other resources for containers that run: what a pod's spec asks for, what its node grants of it, and what containers have. Pure.
// Source: KEP-1287 (in-place update of pod resources).

import { deepEqual } from '../../core/machinery/equality.ts';
import type { V1Container, V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { NodeCapacity, PodCgroupLimits } from '../pod/resources.ts';
import { podRequests } from '../pod/resources.ts';

/** What containers have, by id. Of others nothing is known: they are taken as they should be. */
export type Applied = ReadonlyMap<string, V1ResourceRequirements>;

const kinds = ['cpu', 'memory'] as const;

/** Those of the resources that can be changed while a container runs. */
function changed(a: V1ResourceRequirements = {}, b: V1ResourceRequirements = {}): string[] {
  return kinds.filter((kind) => a.requests?.[kind] !== b.requests?.[kind] || a.limits?.[kind] !== b.limits?.[kind]);
}

export function isResized(container: PodContainer, applied: V1ResourceRequirements | undefined): boolean {
  return applied !== undefined && changed(container.spec.resources, applied).length > 0;
}

/** Some programs read what they may use when they start: then they are started again. */
export function needsRestart({ spec }: PodContainer, applied: V1ResourceRequirements): boolean {
  const restarting = (spec.resizePolicy ?? []).filter((each) => each.restartPolicy === 'RestartContainer');
  return changed(spec.resources, applied).some((kind) => restarting.some((each) => each.resourceName === kind));
}

/** The pod with other resources for its containers, by name; the same pod where they are the same. */
export function withResources(pod: Pod, of: (name: string) => V1ResourceRequirements | undefined): Pod {
  let any = false;
  const replaced = (list: V1Container[]) =>
    list.map((container) => {
      const resources = of(container.name);
      if (!resources || changed(container.resources, resources).length === 0) return container;
      any = true;
      return { ...container, resources };
    });
  const containers = replaced(pod.spec.containers);
  const initContainers = pod.spec.initContainers && replaced(pod.spec.initContainers);
  return any ? { ...pod, spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) } } : pod;
}

export interface ResizeRefusal {
  /** `Deferred`: it may fit when other pods go. `Infeasible`: never on this node. */
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
}

/** Whether what the pod asks for more than before has room on its node. `others`: with what they were granted. */
export function refusalOfResize(
  wanted: Pod,
  before: Pod,
  others: readonly Pod[],
  allocatable: NodeCapacity,
): ResizeRefusal | undefined {
  const [asked, had] = [podRequests(wanted.spec), podRequests(before.spec)];
  for (const kind of kinds) {
    const numbers = { requested: asked[kind], capacity: allocatable[kind] };
    if (asked[kind] <= had[kind]) continue;
    if (asked[kind] > allocatable[kind])
      return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${kind}, ${shown(kind, numbers)}` };
    const used = others.reduce((sum, each) => sum + podRequests(each.spec)[kind], 0);
    if (asked[kind] + used > allocatable[kind])
      return {
        reason: 'Deferred',
        message: `Node didn't have enough resource: ${kind}, ${shown(kind, { used, ...numbers })}`,
      };
  }
  return undefined;
}

/** Millicores and bytes, as the scheduler counts. */
function shown(kind: 'cpu' | 'memory', numbers: Record<string, number>): string {
  const unit = kind === 'cpu' ? 1000 : 1;
  return Object.entries(numbers)
    .map(([name, value]) => `${name}: ${Math.round(value * unit)}`)
    .join(', ');
}

/** What leaves room for both. Without a limit there is none. */
export function wider(a: PodCgroupLimits, b: PodCgroupLimits): PodCgroupLimits {
  const cpuQuota = a.cpuQuota && b.cpuQuota && Math.max(a.cpuQuota, b.cpuQuota);
  const memory = a.memory && b.memory && Math.max(a.memory, b.memory);
  return { cpuShares: Math.max(a.cpuShares, b.cpuShares), ...(cpuQuota && { cpuQuota }), ...(memory && { memory }) };
}

export const sameLimits = (a: PodCgroupLimits | undefined, b: PodCgroupLimits): boolean => deepEqual(a, b);
