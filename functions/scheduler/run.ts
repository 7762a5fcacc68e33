// The thin loop around schedule(): follows the cluster, takes what is due in batches, and carries the decisions out.
// Nothing runs while nothing changes. It may run twice at once: see bind-pods.ts.

import type { Definitions } from '../../core/api/definition.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import { writingOnly } from '../../core/registry/writing-only.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { Store } from '../../core/store/store.ts';
import { schedulerOwns } from '../../core/work/scheduler-types.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { type Attempt, createBinder } from './bind-pods.ts';
import { createFeed, type FollowedReplicas, type FollowedType, followedTypes } from './feed.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { SchedulingQueue, type Waiting } from './queue.ts';
import { podEvents } from './queue-events.ts';
import { createReporter, type PodEvent } from './report.ts';
import { type Decisions, queueOrder, SchedulerState, schedule } from './schedule.ts';
import { defaultWeights, type Weights } from './scores.ts';

/** Pods with this `spec.schedulerName` are ours; weights that are not given are Kubernetes' defaults. */
export interface Profile {
  readonly schedulerName: string;
  readonly weights?: Partial<Weights>;
}

export interface SchedulerOptions {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly log: (message: string, error?: unknown) => void;
  readonly recordEvent: (pod: V1Pod, event: PodEvent) => void;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly timers: { setTimeout(callback: () => void, ms: number): unknown; clearTimeout(handle: unknown): void };
  /** Names this scheduler among several that run at once; two must not share one. */
  readonly identity: string;
  /** Default: one, for `default-scheduler`. */
  readonly profiles?: readonly Profile[];
  readonly metrics?: SchedulerMetrics;
}

export interface RunningScheduler {
  /** Catches up with the store now: call it for a wake-up. */
  wake(): void;
  /** Resolves when no pod is due, and all that was sent is answered. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** Pods decided on before the event loop gets a turn. */
const batchSize = 64;
/** Volumes that did not come, and signals that were lost, are noticed at least this often. */
const resyncMs = 5 * 60_000;
/** A place lost to another scheduler is looked for again almost at once. */
const lostPauseMs = 20;

export async function startScheduler(options: SchedulerOptions): Promise<RunningScheduler> {
  const { definitions, store, clock, timers, log, recordEvent, metrics } = options;
  const replicas: FollowedReplicas = options.replicas;
  const registry = writingOnly(options.registry, 'the scheduler', schedulerOwns);
  const profiles = options.profiles ?? [{ schedulerName: 'default-scheduler' }];
  const names = new Set(profiles.map(({ schedulerName }) => schedulerName));
  const weights = new Map(
    profiles.map(({ schedulerName, weights: own }) => [schedulerName, { ...defaultWeights, ...own }]),
  );
  const context: RequestContext = {
    user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] },
    warnings: [],
  };
  const state = new SchedulerState({ weights });
  // Schedulers that start on different nodes seldom want the same one.
  state.next = [...options.identity].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 65_521, 7);
  const queue = new SchedulingQueue(metrics?.entered);
  let running: Promise<void> | undefined;
  let timer: unknown;
  let resyncTimer: unknown;
  let started = false;
  let stopped = false;

  const reporter = createReporter({ registry, definitions, context, clock, log, recordEvent });
  const binder = createBinder({
    model: state.model,
    registry,
    definitions,
    replicas,
    store,
    context,
    clock,
    identity: options.identity,
    log,
    onBound({ binding: { pod, node }, waiting, began }) {
      metrics?.attempted(pod.class.schedulerName, 'scheduled', metrics.now() - began);
      metrics?.bound(waiting.attempts + 1, (clock() - waiting.since) / 1000);
      reporter.forget(pod.key);
      const message = `Successfully assigned ${pod.key} to ${node}`;
      recordEvent(pod.pod, { type: 'Normal', reason: 'Scheduled', message });
    },
    onFailed({ waiting, began }, pod, soon) {
      metrics?.attempted(waiting.pod.class.schedulerName, 'error', metrics.now() - began);
      const again = { ...waiting, pod: feed.infoOf(pod) };
      const jitter = 1 + (state.next % 7) / 7;
      queue.retry(again, clock(), soon ? lostPauseMs * jitter * 2 ** Math.min(6, waiting.attempts) : undefined);
      scheduleRetry();
    },
  });
  const feed = createFeed({
    state,
    queue,
    isOurs: (name) => names.has(name),
    entered: metrics?.entered,
    onWork: pass,
    onSettled(key) {
      binder.forget(key);
      reporter.forget(key);
    },
    onClaim: () => binder.claimsChanged(),
    clock,
  });
  metrics?.follow(() => ({
    active: queue.due,
    backoff: queue.pausing,
    unschedulable: queue.sleeping,
    gated: feed.gated,
    nodes: state.model.nodes.size,
    pods: state.model.placedCount,
  }));

  const unsubscribes: (() => void)[] = [];
  await Promise.all(followedTypes.map((type) => replicas.of(type)));
  const follow = <T extends FollowedType>(type: T): void => {
    const replica = replicas.peek(type);
    if (!replica) throw new Error(`the replica of ${type} is not ready`);
    for (const entry of replica.snapshot()) feed.apply(type, 'ADDED', entry);
    unsubscribes.push(replica.onEvent(({ type: change, entry }) => feed.apply(type, change, entry)));
  };
  for (const type of followedTypes) follow(type);
  started = true;

  /** Starts a pass, unless one runs: it takes what comes meanwhile. */
  function pass(): void {
    if (running || stopped || !started) return;
    running = Promise.resolve()
      .then(drain)
      .catch((error: unknown) => log('a scheduling pass failed', error))
      .finally(() => {
        running = undefined;
        scheduleRetry();
      });
  }

  async function drain(): Promise<void> {
    while (!stopped) {
      feed.settle();
      const batch = withGroupMembers(queue.take(batchSize, clock()));
      if (batch.length === 0) return;
      const start = metrics?.now() ?? 0;
      const { bindings, rejections } = decideOn(batch);
      // The decisions of a batch share its time.
      const share = metrics ? (metrics.now() - start) / batch.length : 0;
      const began = start + share * (batch.length - 1);
      for (const { pod, preemption, soughtRoom } of rejections) {
        metrics?.attempted(pod.class.schedulerName, 'unschedulable', share);
        if (soughtRoom) metrics?.soughtRoom(preemption?.victims.length ?? 0);
      }
      if (metrics) for (let i = bindings.length + rejections.length; i > 0; i--) metrics.decided(share);
      const waiting = new Map(batch.map((each) => [each.pod.key, each]));
      const attempts: Attempt[] = [];
      for (const binding of bindings) {
        const each = waiting.get(binding.pod.key);
        queue.remove(binding.pod.key);
        if (each) attempts.push({ binding, waiting: each, began });
      }
      binder.bindAll(attempts);
      for (const rejection of rejections) {
        const each = waiting.get(rejection.pod.key);
        if (each) queue.sleep(each, rejection.blockedBy, clock());
        reporter.rejected(rejection);
        // Their nomination is taken from them.
        for (const key of rejection.displaced)
          queue.wake((pod) => (pod.key === key ? podEvents.MODIFIED : undefined), clock());
      }
      if (bindings.length > 0) feed.placed();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A pod that cannot be decided on, by a fault of ours or of what is stored, waits, and holds up nobody else. */
  function decideOn(batch: readonly Waiting[]): Decisions {
    try {
      return schedule(
        state,
        batch.map(({ pod }) => pod),
      );
    } catch (error) {
      const [first] = batch;
      if (batch.length > 1) {
        const each = batch.map((one) => decideOn([one]));
        return {
          bindings: each.flatMap(({ bindings }) => bindings),
          rejections: each.flatMap(({ rejections }) => rejections),
        };
      }
      if (first) {
        log(`deciding on ${first.pod.key} failed`, error);
        metrics?.attempted(first.pod.class.schedulerName, 'error', 0);
        queue.retry(first, clock());
      }
      return { bindings: [], rejections: [] };
    }
  }

  /** A pod of a group is decided on with all of the group that wait. */
  function withGroupMembers(batch: Waiting[]): Waiting[] {
    const groups = new Set(batch.flatMap(({ pod }) => pod.group ?? []));
    if (groups.size === 0) return batch;
    const all = new Map(batch.map((each) => [each.pod.key, each]));
    for (const group of groups) for (const each of queue.membersOf(group)) all.set(each.pod.key, each);
    return [...all.values()].sort((left, right) => queueOrder(left.pod, right.pod));
  }

  function scheduleRetry(): void {
    timers.clearTimeout(timer);
    timer = undefined;
    if (stopped || running) return;
    const due = queue.nextDue();
    if (due !== undefined) timer = timers.setTimeout(pass, Math.max(0, due - clock()));
  }

  function wake(): void {
    for (const type of followedTypes)
      replicas
        .peek(type)
        ?.catchUp()
        .catch((error: unknown) => log(`catching up ${type} failed`, error));
  }

  function scheduleResync(): void {
    resyncTimer = timers.setTimeout(() => {
      wake();
      binder.expire();
      scheduleResync();
    }, resyncMs);
  }

  pass();
  scheduleResync();
  return {
    wake,
    async idle() {
      do {
        await Promise.all(followedTypes.map((type) => replicas.peek(type)?.catchUp()));
        await running;
        await binder.idle();
        await reporter.idle();
      } while (running || binder.busy || reporter.busy);
    },
    async stop() {
      stopped = true;
      timers.clearTimeout(timer);
      timers.clearTimeout(resyncTimer);
      for (const unsubscribe of unsubscribes) unsubscribe();
      await running;
      await binder.idle();
      await reporter.idle();
    },
  };
}
