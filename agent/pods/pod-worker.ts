// One pod's worker: has the steps taken that `syncPod` names, each at most once at a time, and reports what it sees. It holds what neither
// the API nor the runtime knows: that the pod is to end and why, back-offs, steps on their way.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { deepEqual } from '../../core/machinery/equality.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import { millisecondsOf } from '../../core/machinery/time.ts';
import type { V1PodStatus } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { isAway, StartError } from './container-steps.ts';
import { defaultRotation, rotateLog } from './log-rotation.ts';
import type { ObservedPod } from './observed.ts';
import type { PodContext } from './pod-context.ts';
import { PodHealth } from './pod-health.ts';
import { PodMirror } from './pod-mirror.ts';
import { PodResize } from './pod-resize.ts';
import { podStatus } from './pod-status.ts';
import { NetworkUnreadyError, PodSteps } from './pod-steps.ts';
import { type Change, StepBackoff } from './step-backoff.ts';
import type { PodTermination, Step } from './sync-pod.ts';
import { deadlineOf, syncPod } from './sync-pod.ts';

export class PodWorker {
  readonly uid: string;
  readonly #context: PodContext;
  /** As the API wants it. */
  #wanted: Pod;
  /** With the resources that the node granted. */
  #pod: Pod;
  readonly #resize: PodResize;
  readonly #mirror: PodMirror;
  readonly #health: PodHealth;
  readonly #holds = new StepBackoff();
  readonly #steps: PodSteps;
  /** Container name -> the run whose back-off was reported. */
  readonly #backedOff = new Map<string, string | undefined>();
  readonly #flights = new Map<string, { deadline: number }>();
  #status: V1PodStatus | undefined;
  #reported = '';
  #terminateBy: number | undefined;
  #ending: PodTermination | undefined;
  #gone = false;
  /** Nothing of it runs any more, and nothing may start. */
  #over = false;
  #finished = false;
  #stopped = false;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: PodContext, pod: Pod, observed: ObservedPod = { sandboxes: [], containers: [] }) {
    this.uid = pod.metadata.uid;
    this.#context = context;
    this.#resize = new PodResize(context);
    this.#wanted = pod;
    this.#pod = this.#resize.recall(pod, observed);
    this.#status = pod.status;
    if (pod.status?.phase === 'Failed' && pod.status.reason)
      this.#ending = { reason: pod.status.reason, message: pod.status.message ?? '' };
    const known = () => ({ pod: this.#pod, status: this.#status, podIP: this.#steps.podIPs[0] ?? '' });
    this.#health = new PodHealth(context, known, () => this.#kick());
    this.#mirror = new PodMirror(context, this.uid, (container) => this.#health.note(container));
    this.#steps = new PodSteps(context, {
      pod: () => this.#pod,
      mirror: this.#mirror,
      resize: this.#resize,
      health: this.#health,
      holds: this.#holds,
    });
    this.#mirror.take(observed);
    // It started before this agent did.
    if (observed.sandboxes.length > 0) this.#steps.startedBefore();
    this.update(pod);
  }

  /** As the API told of it last. */
  get wanted(): Pod {
    return this.#wanted;
  }

  get pod(): Pod {
    return this.#pod;
  }

  get status(): V1PodStatus | undefined {
    return this.#status;
  }

  get observed(): ObservedPod {
    return this.#resize.marked(this.#mirror.observed);
  }

  /** The API's newest word on the pod. */
  update(pod: Pod): void {
    const { labels, annotations } = this.#pod.metadata;
    const described = deepEqual(pod.metadata.labels, labels) && deepEqual(pod.metadata.annotations, annotations);
    // Its status comes back with each report of ours: that is no news, and nothing is tried again for it.
    if (!described || !deepEqual(pod.spec, this.#wanted.spec)) this.#holds.changed('pod');
    this.#wanted = pod;
    this.#grant();
    // Files of the downward API show both. What fails here is tried again within a minute.
    if (!described) void this.refreshVolumes().catch(() => undefined);
    // Others mark the pods of a node that they lost as not ready: what is true here is said again.
    if (isReady(pod.status) !== isReady(this.#status)) this.#reported = '';
    if (pod.metadata.deletionTimestamp) {
      const grace = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
      this.#endBy(Number(grace));
    }
    this.#kick();
  }

  /** The API does not have the pod any more. */
  remove(): void {
    this.#gone = true;
    if (this.#finished) this.#context.forget(this.uid);
    else this.#endBy(Math.max(1, Number(this.#pod.spec.terminationGracePeriodSeconds ?? 30)));
    this.#kick();
  }

  /** Ends the pod in phase Failed, as an eviction does. */
  end(why: PodTermination): void {
    this.#ending ??= why;
    this.#kick();
  }

  /** What the pod may have waited for changed (a Secret, the node's network): it is tried again now. */
  changed(what: Exclude<Change, 'pod'>): void {
    this.#holds.changed(what);
    this.#kick();
  }

  /** Others left room: resources that were asked for may be granted now. */
  reconsider(): void {
    if (!this.#resize.state.pending) return;
    this.#grant();
    if (this.#resize.state.pending) return;
    this.#holds.release('resize');
    this.#kick();
  }

  async refreshVolumes(): Promise<void> {
    if (this.#finished || this.#terminateBy !== undefined) return;
    await this.#steps.refreshVolumes();
  }

  /** Sets logs aside that have grown too large. */
  async rotateLogs(): Promise<void> {
    for (const container of this.observed.containers)
      if (container.state === 'running' && container.logPath)
        await rotateLog(this.#context, container, defaultRotation, new Date(this.#context.now()));
  }

  /** True when the id is this pod's. */
  owns(id: string): boolean {
    return this.#mirror.has(id);
  }

  /** The runtime sent an event of something about one of the pod's containers or its sandbox. */
  async runtimeEvent(id: string, exited: boolean): Promise<void> {
    // Its start reads it itself, once it is over.
    if (!exited && this.#mirror.isStarting(id)) return;
    await this.#mirror.read(id, exited);
    this.#kick();
  }

  /** Reads everything anew, after events may have been lost. */
  async refresh(): Promise<void> {
    await this.#mirror.readAll();
    this.#kick();
  }

  /** The agent ends; the pod runs on. */
  stop(): void {
    this.#stopped = true;
    this.#mirror.close();
    clearTimeout(this.#timer);
    this.#health.stop();
  }

  /** Sends the last report again: the API did not take it, or it is not known whether it did. */
  reportAgain(): void {
    this.#reported = '';
    this.#kick();
  }

  #grant(): void {
    this.#pod = this.#resize.grant(this.#wanted, this.#pod);
  }

  #endBy(graceSeconds: number): void {
    const by = this.#context.now() + millisecondsOf(graceSeconds);
    this.#terminateBy = Math.min(by, this.#terminateBy ?? Number.POSITIVE_INFINITY);
  }

  /** Looks at the pod once the current turn of the event loop is over, however often it is asked. */
  #kick(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#sync();
    });
  }

  #sync(): void {
    if (this.#stopped || this.#finished) {
      if (this.#finished && !this.#gone) this.#report(true);
      return;
    }
    const now = this.#context.now();
    const deadline = deadlineOf({ ...this.#pod, status: this.#status ?? this.#pod.status } as Pod);
    const over = this.#status !== undefined && isFinished({ status: this.#status });
    if (deadline !== undefined && now >= deadline && !over && this.#terminateBy === undefined)
      this.#ending ??= {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      };
    const { steps, wakeAt } = syncPod({
      pod: { ...this.#pod, ...(this.#status && { status: this.#status }) },
      observed: this.observed,
      health: this.#health.all(),
      heldUntil: (container) => this.#holds.until(startOf(container)),
      applied: this.#resize.state.applied,
      ...(this.#terminateBy !== undefined && { terminateBy: this.#terminateBy }),
      ...(this.#ending && { ending: this.#ending }),
      finished: over,
      now,
    });
    for (const step of steps) this.#launch(step, now);
    const wakes = [wakeAt, this.#holds.next(now), deadline].filter((at): at is number => at !== undefined && at > now);
    clearTimeout(this.#timer);
    if (wakes.length > 0)
      this.#timer = setTimeout(() => this.#kick(), Math.min(Math.max(1, Math.min(...wakes) - now), 2 ** 31 - 1));
    this.#report(false);
  }

  #report(terminated: boolean): void {
    if (!terminated || !this.#status) {
      this.#status = podStatus({
        pod: this.#pod,
        observed: this.observed,
        health: this.#health.all(),
        waiting: this.#holds.waiting,
        ...(this.#ending && { ending: this.#ending }),
        terminating: this.#terminateBy !== undefined,
        resize: this.#resize.state,
        stopped: this.#over,
        previous: this.#status,
        hostIPs: this.#context.hostIPs,
        runtimeName: this.#context.runtimeName,
        now: this.#context.now(),
      });
    }
    this.#announceBackOff(this.#status);
    const text = JSON.stringify([this.#status, terminated]);
    if (text === this.#reported || this.#gone) return;
    this.#reported = text;
    this.#context.report(this.#pod, this.#status, terminated);
  }

  /** Once for each run that ended too soon. */
  #announceBackOff({ initContainerStatuses = [], containerStatuses = [] }: V1PodStatus): void {
    const { namespace, name: podName } = this.#pod.metadata;
    for (const { name, state, containerID } of [...initContainerStatuses, ...containerStatuses]) {
      if (state?.waiting?.reason !== 'CrashLoopBackOff' || this.#backedOff.get(name) === containerID) continue;
      this.#backedOff.set(name, containerID);
      const text = `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${this.uid})`;
      this.#context.event(this.#pod, 'Warning', 'BackOff', text, name);
    }
  }

  #launch(step: Step, now: number): void {
    // It is only just made, and its start is on its way.
    if (step.type === 'removeContainer' && this.#mirror.isStarting(step.id)) return;
    // What the runtime is making must be known before it can be given back.
    if (step.type === 'finish' && this.#flights.has('createSandbox')) return;
    const key = keyOf(step);
    const deadline = step.type === 'killContainer' ? now + millisecondsOf(step.graceSeconds) : 0;
    const running = this.#flights.get(key);
    // A shorter grace overtakes a kill that is on its way.
    if (running && (step.type !== 'killContainer' || deadline > running.deadline - 1500)) return;
    // One that overtakes does not wait for what it overtakes.
    if (!running && this.#holds.until(key) > now) return;
    if (step.type === 'killContainer' && step.resized) this.#resize.restarts(step.id);
    const flight = { deadline };
    this.#flights.set(key, flight);
    const performed = step.type === 'finish' ? this.#finish() : this.#steps.perform(step, running !== undefined);
    performed
      .then(() => this.#holds.release(key))
      .catch((error: unknown) => this.#failed(step, key, error))
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        this.#kick();
      });
  }

  async #finish(): Promise<void> {
    this.#over = true;
    this.#report(false);
    this.#health.stop();
    await this.#steps.giveBack();
    this.#finished = true;
    if (this.#gone) this.#context.forget(this.uid);
    else this.#report(true);
  }

  /** Held up until it may be tried again. Of a start, its status says why meanwhile. */
  #failed(step: Step, key: string, error: unknown): Promise<void> | undefined {
    const message = errorText(error);
    const { now, log } = this.#context;
    log.warn(
      { pod: `${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`, step: step.type, error: message },
      'step failed',
    );
    switch (step.type) {
      case 'createSandbox': {
        const unready = error instanceof NetworkUnreadyError;
        const [reason, why] = unready
          ? ['NetworkNotReady', `network is not ready: ${message}`]
          : ['FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`];
        this.#context.event(this.#pod, 'Warning', reason, why);
        this.#holds.hold(key, unready ? 'network' : isAway(error) ? 'runtime' : 'sandbox', now());
        if (!unready) void this.refresh().catch(() => undefined);
        return undefined;
      }
      case 'startContainer':
        this.#startFailed(
          step.container.name,
          key,
          error instanceof StartError ? error : new StartError('CreateContainerError', message, 'container'),
        );
        return undefined;
      case 'resize':
        // Told in the pod's status.
        this.#holds.hold(key, 'resize', now());
        return undefined;
      default: {
        this.#context.event(this.#pod, 'Warning', 'FailedKillPod', `error killing pod: ${message}`);
        // Ends and removals must come about. Until then the step counts as on its way, which only a shorter grace overtakes.
        const pause = this.#holds.hold(key, 'end', now());
        return new Promise((resolve) => {
          const again = () => void this.refresh().then(resolve, resolve);
          setTimeout(again, pause).unref();
        });
      }
    }
  }

  #startFailed(name: string, key: string, failure: StartError): void {
    const { message, reason, cause, image } = failure;
    // A volume that is not there yet is no reason of the container's own: it waits like one that was not begun.
    if (reason === 'ContainerCreating') this.#holds.waiting.delete(name);
    else if (reason !== 'RunContainerError') this.#holds.waiting.set(name, { reason, message });
    this.#holds.hold(key, cause, this.#context.now());
    if (reason === 'CreateContainerError') void this.refresh().catch(() => undefined);
    if (reason !== 'ErrImagePull') return;
    // The reason of the failure shows for a moment, then that it is being waited.
    const timer = setTimeout(() => {
      if (this.#holds.waiting.get(name)?.reason !== 'ErrImagePull') return;
      const text = `Back-off pulling image "${image}"`;
      this.#holds.waiting.set(name, { reason: 'ImagePullBackOff', message: `${text}: ErrImagePull: ${message}` });
      this.#context.event(this.#pod, 'Normal', 'BackOff', text, name);
      this.#kick();
    }, 1000);
    timer.unref();
  }
}

/** By which a step is known while it is on its way, and while it waits. */
function keyOf(step: Step): string {
  if (step.type === 'startContainer') return startOf(step.container.name);
  return 'id' in step ? `${step.type} ${step.id}` : step.type;
}

function startOf(container: string): string {
  return `start ${container}`;
}

function isReady(status: V1PodStatus | undefined): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
