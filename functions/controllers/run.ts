// Runs controllers over replicas and the registry until there is nothing more to do, and again when something changes.
// It may run twice at once, be stopped anywhere and start from nothing: what counts is in the store (D4).

import type { Definitions } from '../../core/api/definition.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import { hasReason } from '../../core/machinery/status.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import type { Registry } from '../../core/registry/registry.ts';
import { isOwnerClaimLost } from '../../core/registry/write/owner-claim.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { Store } from '../../core/store/store.ts';
import { type AnyAction, type Controller, type Failure, splitKey } from './controller.ts';
import { type Executor, execute, needsClaim } from './execute.ts';
import { followCluster, typesSeenBy } from './follow.ts';
import { createOwnerClaims } from './owner-claims.ts';
import type { QueueMetrics } from './queue-metrics.ts';
import { createWorkQueue, type Timers, type WorkQueue } from './work-queue.ts';

export interface ControllersOptions {
  /** The one that the registry writes to: claims on owners are kept there. */
  readonly store: Store;
  /** Names this process among several that run at once; two must not share one. */
  readonly identity: string;
  readonly replicas: Replicas;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly controllers: readonly Controller[];
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly timers: Timers;
  /** For looks that only make up for lost notices; default: `timers`. */
  readonly resyncTimers?: Timers;
  readonly random: () => number;
  readonly log: (message: string, error?: unknown) => void;
  /** How often the replicas are caught up without a signal: any signal may be lost. Default 30 s. */
  readonly resyncMs?: number;
  /** Told what happens in the controllers' queues. */
  readonly queueMetrics?: QueueMetrics;
}

export interface RunningControllers {
  /** Catches up with the store now: call it for a wake-up. */
  wake(): void;
  /** Nothing is due or being worked on. What waits for a time is not counted. */
  readonly quiet: boolean;
  /** Resolves when everything that was committed before the call is dealt with, and what came of it. Pauses are not waited for. */
  idle(): Promise<void>;
  /** Finishes what it is doing and starts nothing more. */
  stop(): Promise<void>;
}

interface Worker {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  readonly executor: Executor;
  readonly attempts: Map<string, { failures: number; conflicts: number; last?: Failure }>;
  active: number;
}

/** Keys of one controller that are worked on at a time. */
const concurrency = 16;
/** Conflicts in a row after which a key is treated as failing. */
const manyConflicts = 8;
const firstPauseMs = 50;
const longestPauseMs = 120_000;
/** How long reconciles may keep the event loop before others get a turn. */
const turnMs = 10;

export function startControllers(options: ControllersOptions): RunningControllers {
  const { replicas, definitions, clock, timers, resyncTimers = timers, log } = options;
  const waiters = new Set<() => void>();
  let reconciles = 0;
  let stopped = false;
  let turnStarted = clock();
  let resync: unknown;

  const claims = createOwnerClaims(options.store, options.identity, clock);
  const events = createEventRecorder(options.registry, () => definitions.ofType('events'), clock, log);
  const workers: Worker[] = options.controllers.map((controller) => {
    const worker: Worker = {
      controller,
      queue: createWorkQueue(clock, timers, () => pump(worker), options.queueMetrics?.of(controller.name)),
      executor: {
        registry: options.registry,
        definitions,
        events,
        context: { user: userOf(controller.user), warnings: [] },
        controller,
        component: controller.component ?? `${controller.name}-controller`,
        wrote: (type) => followed.touch(type),
      },
      attempts: new Map(),
      active: 0,
    };
    return worker;
  });
  const followed = followCluster({ replicas, definitions, workers, log });

  function pump(worker: Worker): void {
    while (!stopped && worker.active < concurrency) {
      const key = worker.queue.take();
      if (key === undefined) break;
      worker.active++;
      void work(worker, key).finally(() => {
        worker.active--;
        worker.queue.done(key);
        pump(worker);
        if (isQuiet()) {
          for (const each of waiters) each();
          waiters.clear();
        }
      });
    }
  }

  async function work(worker: Worker, key: string): Promise<void> {
    const { controller, queue, attempts } = worker;
    reconciles++;
    const attempt = attempts.get(key) ?? { failures: 0, conflicts: 0 };
    try {
      await followed.settle();
      await takeTurn();
      if (stopped) return;
      const context = {
        now: clock(),
        random: options.random,
        ...(attempt.last && { failure: attempt.last }),
      };
      const actions = await controller.reconcile(followed.state, key, context);
      const owner = ownerOf(controller, key, actions);
      const claim = owner ? claims.held(owner) : undefined;
      if (owner && !claim) {
        const busyMs = await claims.take(owner);
        // What others did until now is to be seen first.
        for (const type of typesSeenBy(controller)) followed.touch(type);
        if (busyMs) queue.addAfter(key, busyMs);
        else queue.add(key);
        return;
      }
      const { conflicts, failures, requeueMs } = await execute(worker.executor, actions, controller.claims, claim);
      if (owner && claim && conflicts.some(isOwnerClaimLost)) claims.lost(owner, claim);
      if (failures.length) throw failures[0];
      if (requeueMs !== undefined) queue.addAfter(key, requeueMs);
      if (conflicts.length && attempt.conflicts < manyConflicts) {
        attempts.set(key, { ...attempt, conflicts: attempt.conflicts + 1 });
        queue.add(key);
        return;
      }
      if (conflicts.length) throw conflicts[0];
      attempts.delete(key);
      // A failure that is over may still stand in a condition.
      if (attempt.last) queue.add(key);
    } catch (error) {
      const failures = attempt.failures + 1;
      const last = { reason: reasonOf(error), message: errorText(error) };
      attempts.set(key, { failures, conflicts: 0, last });
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 20));
      queue.addAfter(key, pause * (0.5 + options.random() / 2));
      log(`${controller.name} ${key}: attempt ${failures} failed`, error);
    }
  }

  /** What the actions need the claim on: the uid of the key's object, or a name. */
  function ownerOf({ claims: type, exclusive }: Controller, key: string, actions: readonly AnyAction[]) {
    if (exclusive) return actions.some((each) => needsClaim(each)) ? exclusive : undefined;
    if (!type || !actions.some((each) => needsClaim(each, type))) return undefined;
    const { namespace, name } = splitKey(key);
    return followed.state.get(type, namespace, name)?.metadata.uid;
  }

  async function takeTurn(): Promise<void> {
    if (clock() - turnStarted < turnMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    turnStarted = clock();
  }

  function isQuiet(): boolean {
    return workers.every(({ queue }) => queue.busy === 0);
  }

  function quiet(): Promise<void> {
    if (isQuiet()) return Promise.resolve();
    return new Promise((resolve) => {
      waiters.add(resolve);
    });
  }

  function wake(): void {
    if (stopped) return;
    followed.settle(true).catch((error) => log('catching up failed', error));
  }

  function scheduleResync(): void {
    resync = resyncTimers.setTimeout(() => {
      wake();
      scheduleResync();
    }, options.resyncMs ?? 30_000);
  }

  wake();
  scheduleResync();

  return {
    wake,
    get quiet() {
      return isQuiet();
    },
    async idle() {
      do {
        const before = reconciles;
        await followed.settle(true);
        await quiet();
        // What the last reconciles wrote, or waited for, may wake others. A look at all logs costs a read each: not for nothing.
        if (reconciles > before) await followed.settle(true);
      } while (!stopped && !isQuiet());
    },
    async stop() {
      stopped = true;
      resyncTimers.clearTimeout(resync);
      for (const { queue } of workers) queue.close();
      await quiet();
      await followed.close();
    },
  };
}

function userOf(username: string) {
  const [, kind, namespace = 'kube-system'] = username.split(':');
  const ofAccounts = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { username, groups: [...(kind === 'kube-controller-manager' ? [] : ofAccounts), 'system:authenticated'] };
}

function reasonOf(error: unknown): string {
  return hasReason(error, 'Forbidden', 'Invalid', 'NotFound', 'TooManyRequests', 'BadRequest') ? error.reason : 'Error';
}
