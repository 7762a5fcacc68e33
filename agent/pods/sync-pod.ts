// What is to be done so that a pod on this node becomes what it should be. Pure: desired, observed and the time go in, steps come out.

import { millisecondsOf } from '../../core/machinery/time.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { ContainerHealth } from '../probes/container-health.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { history, latest } from './observed.ts';
import { type Applied, isResized, needsRestart } from './resize.ts';
import { nextQuickRestarts, restartDelay, restarts } from './restart.ts';
import { restartRound, sinceRound } from './restart-all.ts';

export type Step =
  | { readonly type: 'createSandbox'; readonly attempt: number }
  | {
      readonly type: 'startContainer';
      readonly container: PodContainer;
      readonly attempt: number;
      readonly quickRestarts: number;
    }
  | {
      readonly type: 'killContainer';
      readonly id: string;
      readonly name: string;
      readonly graceSeconds: number;
      readonly why: string;
      /** It ends only to start again. */
      readonly resized?: true;
    }
  | { readonly type: 'removeContainer'; readonly id: string }
  /** Gives containers that run on what their spec says now. */
  | {
      readonly type: 'resize';
      readonly containers: readonly { readonly id: string; readonly container: PodContainer }[];
    }
  /** Ends the sandbox's network and processes; its containers' logs stay. */
  | { readonly type: 'stopSandbox'; readonly id: string }
  | { readonly type: 'removeSandbox'; readonly id: string }
  /** Nothing of the pod runs any more, and it was to go: give back everything. */
  | { readonly type: 'finish' };

/** Why the pod ends although its containers could run on. */
export interface PodTermination {
  readonly reason: string;
  readonly message: string;
  /** Default: the pod's own. */
  readonly graceSeconds?: number;
  /** Its node ends it for others' sake: its status has the condition DisruptionTarget. */
  readonly disruption?: boolean;
}

export interface SyncInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** Until when a container is not tried again (its image could not be pulled, its configuration is not there); 0: it may be. */
  readonly heldUntil: (container: string) => number;
  /** What containers have of CPU and memory, by id. */
  readonly applied?: Applied;
  /** The pod was asked to go: when its grace ends. */
  readonly terminateBy?: number;
  /** The pod ends in phase Failed, by eviction or by its deadline. */
  readonly ending?: PodTermination;
  /** The API holds a final phase for it already. */
  readonly finished?: boolean;
  readonly now: number;
}

export interface SyncResult {
  readonly steps: readonly Step[];
  /** Look again at this time, even if nothing happens until then. */
  readonly wakeAt?: number;
}

/** Source: Kubernetes, "Pod Lifecycle", "Init Containers", "Sidecar Containers". */
export function syncPod(input: SyncInput): SyncResult {
  const { pod, observed, terminateBy, now } = input;
  if (terminateBy !== undefined) return terminate(input, remaining(terminateBy, now), true);
  if (input.ending) {
    const grace = input.ending.graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return terminate(input, Number(grace), false);
  }
  const round = restartRound(pod, observed);
  if (input.finished || (!round && isComplete(pod, observed)))
    return terminate(input, Number(pod.spec.terminationGracePeriodSeconds ?? 30), false);

  const [sandbox, ...oldSandboxes] = observed.sandboxes;
  if (!sandbox?.ready) {
    // Without its sandbox nothing of the pod can run on; init containers run again in the next one.
    const leftovers = observed.containers.filter((each) => each.state === 'running');
    if (leftovers.length > 0) return { steps: leftovers.map((each) => kill(each, 0, 'the pod sandbox is gone')) };
    const removals = observed.sandboxes.slice(1).map(({ id }) => ({ type: 'removeSandbox' as const, id }));
    return { steps: [...removals, { type: 'createSandbox', attempt: sandbox ? sandbox.attempt + 1 : 0 }] };
  }

  const steps: Step[] = [];
  let wakeAt: number | undefined;
  const wake = (at: number) => {
    wakeAt = wakeAt === undefined ? at : Math.min(wakeAt, at);
  };
  const resized: { id: string; container: PodContainer }[] = [];
  const deadline = deadlineOf(pod);
  if (deadline !== undefined) wake(deadline);
  // Fast: without hooks and without the pod's grace.
  const endings = observed.containers
    .filter(({ id, state }) => state === 'running' && round?.past.has(id))
    .map((each) => kill(each, 0, 'all containers of the pod restart'));
  if (endings.length > 0) return wakeAt === undefined ? { steps: endings } : { steps: endings, wakeAt };

  /** Starts a container unless it waits for something; says whether it runs. */
  const keep = (container: PodContainer): ObservedContainer | undefined => {
    const current = latest(observed, container.name);
    if (current?.state === 'running') {
      const unhealthy = input.health.get(current.id)?.unhealthy;
      const grace = graceOf(pod, container);
      const applied = input.applied?.get(current.id);
      if (unhealthy) steps.push(kill(current, grace, unhealthy));
      else if (container.kind !== 'ephemeral' && container.spec.image && current.image !== container.spec.image)
        steps.push(kill(current, grace, 'its definition changed'));
      else if (applied && isResized(container, applied)) {
        if (needsRestart(container, applied))
          steps.push({ ...kill(current, grace, 'its resources changed'), resized: true });
        else resized.push({ id: current.id, container });
      }
      return current;
    }
    // Made but never started: the agent died in between. Its name is taken, so it goes first.
    if (current?.state === 'created') {
      steps.push({ type: 'removeContainer', id: current.id });
      return undefined;
    }
    const replaced = current !== undefined && current.sandboxId !== sandbox.id;
    const changed = current !== undefined && (current.image !== container.spec.image || current.resized === true);
    const anew = round !== undefined && current !== undefined && round.past.has(current.id);
    if (current && !replaced && !changed && !anew && !restarts(pod, container, current)) return undefined;
    if (current && container.kind === 'ephemeral') return undefined;
    const own = current && !replaced && !changed ? current.finishedAt + restartDelay(current) : 0;
    const held = Math.max(input.heldUntil(container.name), anew ? round.startsAt : own);
    if (held > now) {
      wake(held);
      return undefined;
    }
    steps.push({
      type: 'startContainer',
      container,
      attempt: current ? current.attempt + 1 : attemptAfterLoss(pod, container.name),
      // It did not crash: another one did.
      quickRestarts: anew && current.id !== round.trigger.id ? current.quickRestarts : nextQuickRestarts(current),
    });
    return undefined;
  };

  const containers = podContainers(pod);
  for (const container of containers) if (container.kind === 'ephemeral') keep(container);
  const initialized = mayStartApps({ ...input, observed: sinceRound(observed, round) }, sandbox.id, containers, keep);
  if (initialized) for (const container of containers) if (container.kind === 'app') keep(container);

  if (resized.length > 0) steps.push({ type: 'resize', containers: resized });
  for (const { id } of oldSandboxes) steps.push({ type: 'removeSandbox', id });
  for (const { name } of containers)
    for (const old of history(observed, name).slice(2))
      if (old.state === 'exited' && old.id !== round?.trigger.id) steps.push({ type: 'removeContainer', id: old.id });
  return wakeAt === undefined ? { steps } : { steps, wakeAt };
}

/** Walks the init containers in order; false while one of them holds the rest up. */
function mayStartApps(
  input: SyncInput,
  sandboxId: string,
  containers: readonly PodContainer[],
  keep: (container: PodContainer) => ObservedContainer | undefined,
): boolean {
  const { observed } = input;
  const appsBegan = observed.containers.some(
    (each) => each.sandboxId === sandboxId && containers.some((c) => c.kind === 'app' && c.name === each.name),
  );
  for (const container of containers) {
    if (container.kind === 'sidecar') {
      const running = keep(container);
      if (!appsBegan && !(running && input.health.get(running.id)?.started)) return false;
    } else if (container.kind === 'init' && !appsBegan) {
      const current = latest(observed, container.name);
      const done = current?.sandboxId === sandboxId && current.state === 'exited' && current.exitCode === 0;
      if (done) continue;
      keep(container);
      return false;
    }
  }
  return true;
}

/** No container runs, and none will: each has ended and is not restarted, or an init container failed for good. */
function isComplete(pod: Pod, observed: ObservedPod): boolean {
  const containers = podContainers(pod);
  const failedInit = containers.some((container) => {
    if (container.kind !== 'init') return false;
    const current = latest(observed, container.name);
    return current?.state === 'exited' && current.exitCode !== 0 && !restarts(pod, container, current);
  });
  if (failedInit) return true;
  const apps = containers.filter(({ kind }) => kind === 'app');
  return apps.every((container) => {
    const current = latest(observed, container.name);
    return current?.state === 'exited' && !restarts(pod, container, current);
  });
}

/** When `activeDeadlineSeconds` ends the pod, in milliseconds. */
export function deadlineOf(pod: Pod): number | undefined {
  const { activeDeadlineSeconds: seconds } = pod.spec;
  const start = pod.status?.startTime;
  return seconds === undefined || !start ? undefined : Date.parse(start) + millisecondsOf(seconds);
}

/** Application containers end together; then the sidecars, the last one first; then the sandbox. */
function terminate(input: SyncInput, graceSeconds: number, leave: boolean): SyncResult {
  const { pod, observed } = input;
  const running = (name: string) =>
    observed.containers.filter((each) => each.name === name && each.state === 'running');
  const why = input.ending?.message ?? 'the pod ends';
  const containers = podContainers(pod);
  const mains = containers.filter(({ kind }) => kind !== 'sidecar').flatMap(({ name }) => running(name));
  if (mains.length > 0) return { steps: mains.map((each) => kill(each, graceSeconds, why)) };
  const sidecars = containers.filter(({ kind }) => kind === 'sidecar').reverse();
  for (const { name } of sidecars) {
    const current = running(name);
    if (current.length > 0) return { steps: current.map((each) => kill(each, graceSeconds, why)) };
  }
  const ready = observed.sandboxes.filter((each) => each.ready);
  if (ready.length > 0) return { steps: ready.map(({ id }) => ({ type: 'stopSandbox', id })) };
  return { steps: leave ? [{ type: 'finish' }] : [] };
}

/** The runtime has forgotten the container (its node was taken down); the pod's status still counts its runs. */
function attemptAfterLoss(pod: Pod, name: string): number {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const known = [...initContainerStatuses, ...containerStatuses].find((each) => each.name === name);
  return known?.containerID ? known.restartCount + 1 : 0;
}

function remaining(terminateBy: number, now: number): number {
  return Math.max(0, Math.ceil((terminateBy - now) / 1000));
}

function graceOf(pod: Pod, container: PodContainer): number {
  const own = container.spec.livenessProbe?.terminationGracePeriodSeconds;
  return Number(own ?? pod.spec.terminationGracePeriodSeconds ?? 30);
}

function kill(container: ObservedContainer, graceSeconds: number, why: string) {
  return { type: 'killContainer' as const, id: container.id, name: container.name, graceSeconds, why };
}
