// How one pod's resources change while it runs: what the node granted, what its containers have, and why more has to wait.

import { errorText } from '../../core/machinery/error-text.ts';
import { numberOfQuantity } from '../../core/machinery/quantity.ts';
import type { V1ContainerStatus, V1PodStatus, V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { PodCgroupLimits } from '../pod/resources.ts';
import { podCgroupLimits } from '../pod/resources.ts';
import { statusId } from './container-status.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { latest } from './observed.ts';
import type { PodContext } from './pod-context.ts';
import { type Applied, isResized, type ResizeRefusal, sameLimits, wider, withResources } from './resize.ts';

/** What the pod's status says of it. */
export interface ResizeState {
  readonly applied: Applied;
  readonly pending?: ResizeRefusal;
  /** Why what was granted is not there yet, after a failure. */
  readonly error?: string;
}

export class PodResize {
  readonly #context: PodContext;
  readonly #applied = new Map<string, V1ResourceRequirements>();
  /** Containers that end only to start with other resources. */
  readonly #restarting = new Set<string>();
  #limits: PodCgroupLimits | undefined;
  #pending: ResizeRefusal | undefined;
  #error: string | undefined;

  constructor(context: PodContext) {
    this.#context = context;
  }

  get state(): ResizeState {
    const [pending, error] = [this.#pending, this.#error];
    return { applied: this.#applied, ...(pending && { pending }), ...(error && { error }) };
  }

  /** With a mark at containers that were ended only to start with other resources. */
  marked(observed: ObservedPod): ObservedPod {
    if (this.#restarting.size === 0) return observed;
    const mark = (each: ObservedContainer) => (this.#restarting.has(each.id) ? { ...each, resized: true } : each);
    return { ...observed, containers: observed.containers.map(mark) };
  }

  /** Takes over what an agent before this one reported of containers; gives the pod as it was granted then. */
  recall(wanted: Pod, observed: ObservedPod): Pod {
    const granted = new Map<string, V1ResourceRequirements>();
    for (const { name, containerID, resources } of statuses(wanted.status)) {
      const current = latest(observed, name);
      if (!resources || !current || containerID !== statusId(this.#context.runtimeName, current.id)) continue;
      this.#applied.set(current.id, resources);
      if (current.state === 'running') granted.set(name, resources);
    }
    return withResources(wanted, (name) => granted.get(name));
  }

  /** What the node grants of what the API wants. `before`: what it granted last. */
  grant(wanted: Pod, before: Pod): Pod {
    const had = new Map(podContainers(before).map(({ name, spec }) => [name, spec.resources ?? {}]));
    const unchanged = withResources(wanted, (name) => had.get(name));
    this.#pending = undefined;
    if (unchanged === wanted) return wanted;
    this.#pending = this.#context.refusalOfResize(wanted, before);
    if (this.#pending) return unchanged;
    this.#error = undefined;
    return wanted;
  }

  /** A container was made with what its spec says. */
  made(id: string, { spec }: PodContainer): void {
    this.#applied.set(id, spec.resources ?? {});
  }

  restarts(id: string): void {
    this.#restarting.add(id);
  }

  forget(id: string): void {
    this.#applied.delete(id);
    this.#restarting.delete(id);
  }

  /** The pod's cgroup, new. */
  async createCgroup(pod: Pod): Promise<void> {
    await this.#limit(pod, podCgroupLimits(pod));
  }

  /** Before a container is made: it may need more than the pod's cgroup has from before. */
  async widen(pod: Pod): Promise<void> {
    const target = podCgroupLimits(pod);
    await this.#limit(pod, wider(this.#limits ?? target, target));
  }

  /** Gives running containers what was granted. The pod's own limits make room first, and close behind. Throws GrpcError. */
  async apply(pod: Pod, resized: readonly { readonly id: string; readonly container: PodContainer }[]): Promise<void> {
    const { runtime, host } = this.#context;
    try {
      const byName = new Map(resized.map(({ id, container }) => [container.name, this.#applied.get(id)]));
      this.#limits ??= podCgroupLimits(withResources(pod, (name) => byName.get(name)));
      await this.widen(pod);
      for (const { id, container } of resized) {
        const { resources } = container.spec;
        await this.#checkUsed(id, container);
        await runtime.updateContainerResources({ containerId: id, ...host.resources(pod, container) });
        this.#applied.set(id, resources ?? {});
      }
      await this.createCgroup(pod);
      this.#error = undefined;
    } catch (error) {
      this.#error = errorText(error);
      throw error;
    }
  }

  /** Closes the pod's limits behind containers that started with less. */
  async settle(pod: Pod, observed: ObservedPod): Promise<void> {
    const waits = podContainers(pod).some((container) => {
      const current = latest(observed, container.name);
      return current?.state === 'running' && isResized(container, this.#applied.get(current.id));
    });
    if (!waits) await this.createCgroup(pod);
  }

  /** A limit below what is used would end the container. As far as the runtime tells: it may grow in between. */
  async #checkUsed(containerId: string, { name, spec }: PodContainer): Promise<void> {
    const limit = numberOfQuantity(spec.resources?.limits?.['memory']);
    const before = numberOfQuantity(this.#applied.get(containerId)?.limits?.['memory']);
    if (limit === 0 || (before > 0 && limit >= before)) return;
    const answer = await this.#context.runtime.containerStats({ containerId }).catch(() => undefined);
    const used = Number(answer?.stats?.memory?.workingSetBytes?.value ?? 0);
    if (used > limit)
      throw new Error(
        `attempting to set container ${JSON.stringify(name)} memory limit (${limit}) below current usage (${used})`,
      );
  }

  async #limit(pod: Pod, limits: PodCgroupLimits): Promise<void> {
    if (sameLimits(this.#limits, limits)) return;
    await this.#context.cgroups.create(pod.metadata.uid, limits);
    this.#limits = limits;
  }
}

function statuses(status: V1PodStatus | undefined): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}
