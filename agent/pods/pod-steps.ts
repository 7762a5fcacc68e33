// Takes the steps that `syncPod` names for one pod: what makes, starts and ends its sandbox and its containers. It holds what it made on
// the way: the pod's volumes, and the clock of its start.

import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import {
  checkTarget,
  ensureImage,
  killContainer,
  makeTerminationFile,
  removeContainerFiles,
  sandboxContext,
  startContainer,
} from './container-steps.ts';
import { runHook } from './hook.ts';
import type { LoggedContainer } from './machine-logs.ts';
import type { ObservedPod } from './observed.ts';
import { justCreated } from './observed.ts';
import type { PodContext } from './pod-context.ts';
import { podLogName } from './pod-context.ts';
import type { PodHealth } from './pod-health.ts';
import type { PodMirror } from './pod-mirror.ts';
import { PodMounts } from './pod-mounts.ts';
import type { PodResize } from './pod-resize.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { type AheadWork, StartAhead } from './start-ahead.ts';
import { StartLatency } from './start-latency.ts';
import type { StepBackoff } from './step-backoff.ts';
import type { Step } from './sync-pod.ts';

/** The worker's own is how the pod finishes: it gives back everything, and tells the API. */
export type PodStep = Exclude<Step, { type: 'finish' }>;

/** The node has no network for pods yet: a sandbox in it would fail. */
export class NetworkUnreadyError extends Error {}

/** What the worker and its steps have in common. */
export interface PodParts {
  /** As the node runs it now. */
  readonly pod: () => Pod;
  readonly mirror: PodMirror;
  readonly resize: PodResize;
  readonly health: PodHealth;
  readonly holds: StepBackoff;
}

export class PodSteps {
  readonly #context: PodContext;
  readonly #parts: PodParts;
  readonly #clock: StartLatency;
  readonly #mounts: PodMounts;
  readonly #ahead = new StartAhead();
  #grounded: Promise<void> | undefined;
  /** Sandboxes that the runtime said it had stopped: each time it is asked it takes the pod's network down anew. */
  readonly #stopped = new Set<string>();
  /** Links to logs that are being made: whoever takes one away waits for it. */
  #linked: Promise<unknown> = Promise.resolve();

  constructor(context: PodContext, parts: PodParts) {
    this.#context = context;
    this.#parts = parts;
    this.#clock = new StartLatency(context.now);
    this.#mounts = new PodMounts(context.volumes, parts.pod);
  }

  get podIPs(): readonly string[] {
    return this.#pod.spec.hostNetwork ? this.#context.hostIPs : (this.#observed.sandboxes[0]?.ips ?? []);
  }

  /** The pod runs already: nobody times its start. */
  startedBefore(): void {
    this.#clock.finish();
    for (const container of this.#observed.containers) if (container.logPath) this.#link(container);
  }

  #link(container: LoggedContainer): void {
    this.#linked = Promise.all([this.#linked, this.#context.logLinks?.add(this.#pod.metadata, container)]);
  }

  /** `overtakes`: the same step is on its way with a longer grace. Throws GrpcError, StartError. */
  async perform(step: PodStep, overtakes: boolean): Promise<void> {
    const { runtime } = this.#context;
    switch (step.type) {
      case 'createSandbox':
        return this.#createSandbox(step.attempt);
      case 'startContainer':
        return this.#startContainer(step);
      case 'killContainer': {
        const container = podContainers(this.#pod).find(({ name }) => name === step.name);
        await killContainer(this.#context, {
          pod: this.#pod,
          // One that overtakes has no hook to run again.
          container: overtakes ? undefined : container,
          id: step.id,
          graceSeconds: step.graceSeconds,
          why: step.why,
          podIP: this.podIPs[0] ?? '',
        });
        return this.#parts.mirror.read(step.id, true);
      }
      case 'removeContainer': {
        const container = this.#parts.mirror.container(step.id);
        await runtime.removeContainer({ containerId: step.id });
        this.#parts.mirror.removeContainer(step.id);
        this.#parts.resize.forget(step.id);
        await this.#linked;
        if (container) await removeContainerFiles(this.#context, this.#pod, container);
        return;
      }
      case 'resize':
        return this.#parts.resize.apply(this.#pod, step.containers);
      case 'stopSandbox':
        await runtime.stopPodSandbox({ podSandboxId: step.id });
        this.#stopped.add(step.id);
        this.#parts.mirror.sandboxStopped(step.id);
        return;
      case 'removeSandbox':
        await this.#removeSandbox(step.id);
        return;
    }
  }

  async #createSandbox(attempt: number): Promise<void> {
    const { runtime, objects } = this.#context;
    const pod = this.#pod;
    const unready = pod.spec.hostNetwork ? undefined : this.#context.networkFailure();
    if (unready !== undefined) throw new NetworkUnreadyError(unready);
    const violation = this.#context.host.sandboxViolation(pod);
    if (violation) throw new Error(violation);
    const { runtimeClassName } = pod.spec;
    const runtimeHandler = runtimeClassName ? objects.runtimeHandler(runtimeClassName) : '';
    if (runtimeHandler === undefined) throw new Error(`RuntimeClass "${runtimeClassName}" not found`);
    if (attempt > 0) this.#clock.restart();
    const config = sandboxConfig(pod, attempt, sandboxContext(this.#context, pod));
    // Asked for first, since it takes longest: all else is made meanwhile, and a failure shows when the first container needs it.
    const running = this.#clock.time('RunPodSandbox', runtime.runPodSandbox({ config, runtimeHandler }));
    void this.#clock.step('volumes', this.#mounts.prepare()).catch(() => undefined);
    void this.#clock.step('cgroup and logs', this.#ground(pod)).catch(() => undefined);
    if (attempt === 0 && this.#observed.containers.length === 0) this.#ahead.begin(pod, this.#aheadWork(pod));
    const { podSandboxId } = await running;
    await this.#clock.step('PodSandboxStatus', this.#parts.mirror.readSandbox(podSandboxId));
  }

  /** The pod's cgroup, new, and the directory of its logs. A failure is not kept: the next container tries again. */
  #ground(pod: Pod): Promise<void> {
    const { logsDir, host } = this.#context;
    this.#grounded ??= Promise.all([
      this.#parts.resize.createCgroup(pod),
      host.files.inDirectory(logsDir, podLogName(pod), async () => undefined),
    ]).then(
      () => undefined,
      (error: unknown) => {
        this.#grounded = undefined;
        throw error;
      },
    );
    return this.#grounded;
  }

  #aheadWork(pod: Pod): AheadWork {
    return {
      image: (container) => this.#clock.step('image', ensureImage(this.#context, pod, container)),
      files: async (container, attempt) => {
        await this.#clock.step('files', makeTerminationFile(this.#context, pod, container, attempt));
      },
    };
  }

  async #startContainer(step: Extract<Step, { type: 'startContainer' }>): Promise<void> {
    const { container } = step;
    const pod = this.#pod;
    const [sandbox] = this.#observed.sandboxes;
    if (!sandbox) return;
    const target =
      container.target &&
      this.#observed.containers.find((each) => each.name === container.target && each.state === 'running');
    let created = '';
    try {
      await this.#ground(pod);
      await this.#parts.resize.widen(pod);
      const { id, logPath } = await startContainer(this.#context, {
        pod,
        container,
        attempt: step.attempt,
        quickRestarts: step.quickRestarts,
        sandboxId: sandbox.id,
        sandboxAttempt: sandbox.attempt,
        podIPs: this.podIPs,
        volumes: this.#mounts.of(container),
        ahead: this.#ahead.take(container.name, step.attempt),
        targetId: target ? target.id : undefined,
        clock: this.#clock,
        onCreated: (made) => {
          created = made;
          this.#parts.resize.made(made, container);
          this.#parts.mirror.created(
            justCreated(made, sandbox.id, {
              name: container.name,
              image: container.spec.image ?? '',
              attempt: step.attempt,
              quickRestarts: step.quickRestarts,
            }),
          );
        },
      });
      this.#link({ id, name: container.name, logPath });
      this.#parts.holds.waiting.delete(container.name);
      await this.#postStart(container, id);
    } finally {
      if (created) await this.#clock.step('ContainerStatus', this.#parts.mirror.started(created));
    }
    await this.#parts.resize.settle(this.#pod, this.#observed);
    this.#logStart();
  }

  #logStart(): void {
    const apps = podContainers(this.#pod).filter(({ kind }) => kind === 'app');
    const [sandbox] = this.#observed.sandboxes;
    const isThere = (name: string) =>
      this.#observed.containers.some((each) => each.name === name && each.sandboxId === sandbox?.id);
    const times = apps.every(({ name }) => isThere(name)) && this.#clock.finish();
    const { namespace, name } = this.#pod.metadata;
    if (times) this.#context.log.info({ pod: `${namespace}/${name}`, ...times }, 'pod started');
  }

  async #postStart(container: PodContainer, id: string): Promise<void> {
    const hook = container.spec.lifecycle?.postStart;
    if (!hook) return;
    const target = checkTarget(this.#context, container, id, this.podIPs[0] ?? '');
    const failure = await runHook(hook, target, 120_000);
    if (!failure) return;
    this.#context.event(
      this.#pod,
      'Warning',
      'FailedPostStartHook',
      `PostStartHook failed: ${failure}`,
      container.name,
    );
    this.#parts.health.hookFailed(id, `FailedPostStartHook: ${failure}`);
  }

  /** What changes with time in the volumes that there are. */
  async refreshVolumes(): Promise<void> {
    await this.#mounts.refresh();
  }

  /** Removes everything that the node has of the pod. Throws GrpcError. */
  async giveBack(): Promise<void> {
    const { containers } = this.#observed;
    for (const { id } of this.#observed.sandboxes) await this.#removeSandbox(id);
    await this.#mounts.remove();
    // What is being made would be made again behind its removal.
    await Promise.all([this.#grounded?.catch(() => undefined), this.#ahead.settled()]);
    await this.#context.cgroups.remove(this.#pod.metadata.uid);
    await this.#linked;
    const { logLinks, logsDir, host } = this.#context;
    for (const container of containers) await logLinks?.remove(this.#pod.metadata, container);
    await host.files.removeTree(logsDir, podLogName(this.#pod));
  }

  get #pod(): Pod {
    return this.#parts.pod();
  }

  get #observed(): ObservedPod {
    return this.#parts.resize.marked(this.#parts.mirror.observed);
  }

  async #removeSandbox(id: string): Promise<void> {
    const { runtime } = this.#context;
    // One that is only not ready, or was stopped by an agent before this one, may have its network still.
    if (!this.#stopped.has(id)) await runtime.stopPodSandbox({ podSandboxId: id });
    await runtime.removePodSandbox({ podSandboxId: id });
    this.#stopped.delete(id);
    this.#parts.mirror.removeSandbox(id);
  }
}
