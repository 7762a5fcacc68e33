// A run from its Job to its end: its pods' logs as they come, why a pod waits, and what came of it.

import { setTimeout as delay } from 'node:timers/promises';
import type { CoreV1Event, V1Job, V1Pod } from '../../generated/kubernetes.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { jobsPath } from './ensure-job.ts';
import { followLog } from './follow-log.ts';
import { helperNames } from './helper-containers.ts';
import {
  containersOf,
  exitCodes,
  isFinishedPod,
  isOver,
  type Outcome,
  outcomeOf,
  type Pending,
  whyNoPod,
  whyPending,
} from './outcome.ts';
import type { RunOutput } from './run-output.ts';
import { watchObjects } from './watch-objects.ts';

export interface FollowRunOptions {
  readonly connection: ClusterConnection;
  readonly job: V1Job;
  readonly parallelism: number;
  readonly startTimeoutMs: number;
  readonly output: RunOutput;
  /** Takes the lines of the helper that brings files back. */
  readonly brought: ((line: string) => void) | undefined;
  /** Its reason is the exit code. */
  readonly interrupted: AbortSignal;
}

export interface RunEnd {
  readonly outcome: Outcome;
  /** The Job is still there and must not be. */
  readonly cancel: boolean;
}

/** How long a pod may wait before that is worth a word, and how often it is asked why. */
const tellAfterMs = 2_000;
/** How long the Job's own word may come after its pods have ended. */
const jobEndMs = 10_000;
/** How long logs may take to come to their end, once the pods have. */
const logEndMs = 120_000;

export async function followRun(options: FollowRunOptions): Promise<RunEnd> {
  const { connection, output, interrupted, startTimeoutMs } = options;
  const { name = '', namespace = '', uid = '' } = options.job.metadata ?? {};
  const stop = new AbortController();
  const { signal } = stop;
  const pods = new Map<string, V1Pod>();
  const logs = new Map<string, Promise<void>>();
  let job: V1Job | undefined = options.job;
  /** A Job that has ended already has pods all the same. */
  let podsListed = false;
  let failure: unknown;
  let wake = () => {};
  const changes = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  let changed = changes();
  const poke = () => {
    wake();
    changed = changes();
  };
  const fail = (error: unknown) => {
    failure ??= error;
    poke();
  };
  const several = options.parallelism > 1 || containerNames(options.job).length > 1;

  const follow = (pod: V1Pod, container: string) => {
    const key = `${pod.metadata?.uid}/${container}`;
    if (logs.has(key)) return;
    const podName = pod.metadata?.name ?? '';
    const helper = container === helperNames.upload || container === helperNames.bring;
    const from = several && !helper ? (options.parallelism > 1 ? `${podName}/${container}` : container) : undefined;
    const bring = container === helperNames.bring;
    const log = followLog({
      connection,
      namespace,
      pod: podName,
      container,
      signal,
      hasEnded: () => hasEnded(pods.get(pod.metadata?.uid ?? '') ?? pod, container),
      write: (line) => {
        if (bring) options.brought?.(line.text);
        else if (helper) output.say(`upload: ${line.text}`);
        else return output.log(from, line);
      },
    });
    const done = log.then(({ whole, why }) => {
      if (!whole && !signal.aborted) output.say(`the end of the log of ${podName}/${container} is lost: ${why}`);
    });
    logs.set(key, done);
    done.catch(fail);
  };

  const sawPod = (pod: V1Pod) => {
    pods.set(pod.metadata?.uid ?? '', pod);
    for (const { name: container, state } of containersOf(pod))
      if (state?.running || state?.terminated) follow(pod, container);
    poke();
  };
  const watches = [
    watchObjects<V1Pod>({
      connection,
      path: `/api/v1/namespaces/${namespace}/pods`,
      query: { labelSelector: `batch.kubernetes.io/controller-uid=${uid}` },
      signal,
      changed: sawPod,
      listed: () => {
        podsListed = true;
        poke();
      },
      gone: sawPod,
    }),
    watchObjects<V1Job>({
      connection,
      path: jobsPath(namespace),
      query: { fieldSelector: `metadata.name=${name}` },
      signal,
      changed: (found) => {
        if (found.metadata?.uid === uid) job = found;
        poke();
      },
      gone: (found) => {
        if (found.metadata?.uid === uid) job = undefined;
        poke();
      },
    }),
  ];
  for (const watch of watches) watch.catch(fail);
  const onInterrupt = () => poke();
  interrupted.addEventListener('abort', onInterrupt, { once: true });

  const eventsOf = async (of: string | undefined): Promise<CoreV1Event[]> => {
    const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${of}` });
    const path = `/api/v1/namespaces/${namespace}/events?${query}`;
    // Who may not read events is told less.
    const list = await connection.json<{ items: CoreV1Event[] }>('GET', path).catch(() => ({ items: [] }));
    return list.items;
  };
  const pendingNow = async (): Promise<Pending | undefined> => {
    if (job && pods.size === 0) return whyNoPod(job, await eventsOf(uid));
    const waiting = [...pods.values()].find((pod) => !hasStarted(pod));
    return waiting && whyPending(waiting, await eventsOf(waiting.metadata?.uid));
  };
  const isStarting = () => pods.size === 0 || [...pods.values()].some((pod) => !hasStarted(pod) && !isFinishedPod(pod));

  const untilEnd = async (): Promise<RunEnd> => {
    const began = Date.now();
    let said: string | undefined;
    for (;;) {
      const next = changed;
      if (failure !== undefined) throw failure;
      if (interrupted.aborted) return cancelled(Number(interrupted.reason), 'cancelled');
      if (job === undefined)
        return { outcome: { exitCode: exitCodes.failedToRun, message: deletedBy(namespace, name) }, cancel: false };
      const ended = [...pods.values()].filter(isFinishedPod);
      const failed = ended.some(({ status }) => status?.phase === 'Failed');
      if ((isOver(job) && podsListed) || failed || ended.length >= options.parallelism)
        return { outcome: await settle(failed), cancel: false };
      if (!isStarting()) {
        await next;
        continue;
      }
      // Without a reference: a run that has ended ends at once.
      await Promise.race([next, delay(tellAfterMs, undefined, { ref: false })]);
      if (!isStarting() || Date.now() - began < tellAfterMs) continue;
      const pending = await pendingNow();
      if (pending && pending.why !== said) output.say(`waiting: ${pending.why}`);
      said = pending?.why ?? said;
      const tooLong = Date.now() - began > startTimeoutMs;
      if (!pending?.hopeless && !tooLong) continue;
      const why = pending?.why ?? 'nobody says why';
      const told = tooLong ? `it did not start within ${startTimeoutMs / 1000} s (\`--start-timeout\`): ${why}` : why;
      return cancelled(
        exitCodes.failedToRun,
        `${told}. Next: ${pending?.advice ?? `kubectl -n ${namespace} get pods`}`,
      );
    }
  };

  /** All that is to come of what has ended: the Job's own reason, and the logs. */
  const settle = async (failed: boolean): Promise<Outcome> => {
    const limit = delay(jobEndMs, undefined, { signal }).catch(() => undefined);
    let waiting = failed && !isOver(job);
    void limit.then(() => {
      waiting = false;
      poke();
    });
    while (waiting && !isOver(job) && job !== undefined && failure === undefined && !interrupted.aborted) await changed;
    const outcome = outcomeOf(job ?? options.job, [...pods.values()]);
    const logLimit = delay(logEndMs, undefined, { signal }).catch(() => undefined);
    await Promise.race([Promise.all(logs.values()), logLimit]);
    return outcome;
  };

  try {
    return await untilEnd();
  } finally {
    interrupted.removeEventListener('abort', onInterrupt);
    stop.abort();
    await Promise.allSettled([...watches, ...logs.values()]);
  }
}

function cancelled(exitCode: number, message: string): RunEnd {
  return { outcome: { exitCode, message }, cancel: true };
}

function deletedBy(namespace: string, name: string): string {
  return `Job ${namespace}/${name} was deleted while it ran: \`kubectl -n ${namespace} get events\` may say by whom`;
}

function containerNames({ spec }: V1Job): string[] {
  const { containers = [], initContainers = [] } = spec?.template.spec ?? {};
  const helpers: readonly string[] = Object.values(helperNames);
  return [...initContainers, ...containers].map(({ name }) => name).filter((name) => !helpers.includes(name));
}

/** Whether one of its own containers, not of ours, began. */
function hasStarted(pod: V1Pod): boolean {
  return (pod.status?.containerStatuses ?? []).some(({ state }) => state?.running || state?.terminated);
}

function hasEnded(pod: V1Pod, container: string): boolean {
  if (isFinishedPod(pod)) return true;
  return containersOf(pod).find(({ name }) => name === container)?.state?.terminated !== undefined;
}
