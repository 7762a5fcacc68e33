// What probes and hooks find out about a pod's running containers: probes start with a container and end with it.

import type { V1PodStatus, V1Probe } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import { type CheckResult, check } from '../probes/check.ts';
import type { ContainerHealth } from '../probes/container-health.ts';
import type { ContainerProbes, ProbeKind } from '../probes/container-probes.ts';
import { probeClock, startProbes } from '../probes/container-probes.ts';
import { statusId } from './container-status.ts';
import { checkTarget } from './container-steps.ts';
import type { ObservedContainer } from './observed.ts';
import type { PodContext } from './pod-context.ts';

/** The pod as its worker knows it now. */
export interface ProbedPod {
  readonly pod: Pod;
  readonly status: V1PodStatus | undefined;
  readonly podIP: string;
}

export class PodHealth {
  readonly #context: PodContext;
  readonly #now: () => ProbedPod;
  readonly #onChange: () => void;
  /** By the id of a container. */
  readonly #probes = new Map<string, ContainerProbes>();
  readonly #hookFailed = new Map<string, string>();

  constructor(context: PodContext, now: () => ProbedPod, onChange: () => void) {
    this.#context = context;
    this.#now = now;
    this.#onChange = onChange;
  }

  /** By the id of a container. */
  all(): Map<string, ContainerHealth> {
    const health = new Map([...this.#probes].map(([id, probes]) => [id, probes.health]));
    for (const [id, unhealthy] of this.#hookFailed) health.set(id, { started: false, ready: false, unhealthy });
    return health;
  }

  /** Its postStart hook failed: it ends. */
  hookFailed(id: string, why: string): void {
    this.#hookFailed.set(id, why);
  }

  /** The runtime sent an event of a container. */
  note(container: ObservedContainer): void {
    const { id, name } = container;
    if (container.state === 'running') {
      const spec = podContainers(this.#now().pod).find((each) => each.name === name);
      if (!this.#probes.has(id) && spec) this.#start(container, spec);
      return;
    }
    this.#probes.get(id)?.stop();
    this.#probes.delete(id);
    this.#hookFailed.delete(id);
  }

  stop(): void {
    this.#context.probeMetrics.forget(this.#now().pod.metadata.uid);
    for (const probes of this.#probes.values()) probes.stop();
    this.#probes.clear();
  }

  async #check(spec: PodContainer, id: string, probe: V1Probe, kind: ProbeKind): Promise<CheckResult> {
    const { now, probeMetrics } = this.#context;
    const began = now();
    const result = await check(probe, checkTarget(this.#context, spec, id, this.#now().podIP));
    // Its probes ended meanwhile, and with them what was counted.
    if (!this.#probes.has(id)) return result;
    const { namespace, name: pod, uid } = this.#now().pod.metadata;
    const how = result.unknown ? 'unknown' : result.ok ? 'successful' : 'failed';
    probeMetrics.probed({ namespace, pod, uid, container: spec.name }, kind, how, (now() - began) / 1000);
    return result;
  }

  #start(container: ObservedContainer, spec: PodContainer): void {
    const { status } = this.#now();
    const reported = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
      (each) => each.containerID === statusId(this.#context.runtimeName, container.id),
    );
    const context = this.#context;
    const probes = startProbes({
      container: spec,
      startedAt: container.startedAt,
      wasReady: reported?.ready ?? false,
      clock: probeClock(context.now),
      check: (probe, kind) => this.#check(spec, container.id, probe, kind),
      onChange: this.#onChange,
      onFailure: (kind, message) =>
        context.event(this.#now().pod, 'Warning', 'Unhealthy', `${kind} probe failed: ${message}`, spec.name),
    });
    this.#probes.set(container.id, probes);
  }
}
