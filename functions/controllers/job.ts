// The Job controller: runs pods to completion and counts each once. A finished pod is first noted in the status, then loses
// its finalizer, then is counted: a crash in between counts nothing twice (KEP-2307).

import { isFinished, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import type { Regarding } from '../../core/registry/event-recorder.ts';
import type { V1JobCondition, V1JobStatus } from '../../generated/kubernetes.ts';
import { claimChildren, controllerOf, watchOrphans } from './claim-children.ts';
import { sameJson, setCondition, timestamp } from './condition.ts';
import {
  type Action,
  type Context,
  controllerUser,
  defineController,
  regarding,
  type Snapshot,
  splitKey,
  watch,
  watchChildren,
  watchSelf,
} from './controller.ts';
import { formatIndexes } from './index-set.ts';
import type { Job } from './job-failure-policy.ts';
import { createIndexed, createPlain } from './job-pods.ts';
import {
  backOffUntil,
  deadlineLeft,
  endOf,
  failuresOf,
  indexOf,
  isBehindItsPods,
  isIndexed,
  isTracked,
  type Progress,
  progressOf,
  trackingFinalizer,
} from './job-progress.ts';
import { isEmptySelector, matchesSelector } from './label-selector.ts';
import { deletePod } from './pod-actions.ts';
import type { Pod } from './pod-state.ts';
import { patchWithPreconditions } from './preconditions.ts';
import { rankForDeletion } from './replicas.ts';

type Wanted = Action<'pods' | typeof type>;

const type = 'batch/jobs';

/** A view of a Job is not older than that beside newer views of its pods. */
const behindAtMostMs = 60_000;

export const jobController = defineController({
  name: 'job',
  user: controllerUser('job-controller'),
  watches: [
    watchSelf(type),
    watchChildren('pods', 'batch', 'Job'),
    watchOrphans('pods', type, (each) => each.spec?.selector),
    watch('pods', ({ object, type: change }) =>
      change !== 'DELETED' && isTracked(object) && !controllerOf(object) ? [ofNobody(object.metadata.namespace)] : [],
    ),
  ],
  claims: 'batch/jobs',
  owns: ['pods', type],
  reconcile(snapshot, key, context) {
    const { namespace, name } = splitKey(key);
    const job = snapshot.get(type, namespace, name);
    const left = leftBehind(snapshot, namespace, name, job?.metadata.uid);
    const managedBy = job?.spec?.managedBy ?? 'kubernetes.io/job-controller';
    // Without a selector there is no telling which pods are its own.
    if (!job || isEmptySelector(job.spec?.selector) || managedBy !== 'kubernetes.io/job-controller') return left;
    return [...left, ...reconcile(snapshot, job, context)];
  },
});

function isJobFinished(job: Job): boolean {
  return finishedCondition(job) !== undefined;
}

export function finishedCondition(job: Job): V1JobCondition | undefined {
  return job.status?.conditions?.find(
    (each) => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True',
  );
}

/** The key of a namespace's pods that no Job has: a Job has a name. */
function ofNobody(namespace = ''): string {
  return `${namespace}/`;
}

/**
 * Pods of a Job of this name that is gone, or without a name of no Job, unless one is about to adopt them: nobody counts them any more,
 * and nothing else lets go of them.
 */
function leftBehind(
  snapshot: Snapshot<'pods' | typeof type>,
  namespace: string,
  name: string,
  uid: string | undefined,
): Wanted[] {
  return snapshot
    .list('pods', namespace)
    .filter((pod) => {
      const owner = controllerOf(pod);
      if (name === '') return !owner && isTracked(pod) && !adopterOf(snapshot, pod);
      return owner?.kind === 'Job' && owner.name === name && owner.uid !== uid && isTracked(pod);
    })
    .map(untrack);
}

function adopterOf(snapshot: Snapshot<typeof type>, { metadata }: Pod): Job | undefined {
  if (metadata.deletionTimestamp) return undefined;
  return snapshot
    .list(type, metadata.namespace ?? '')
    .find(
      (each) =>
        !each.metadata.deletionTimestamp &&
        !isEmptySelector(each.spec?.selector) &&
        matchesSelector(each.spec?.selector, metadata.labels),
    );
}

function reconcile(snapshot: Snapshot<'pods'>, job: Job, { now }: Context): Wanted[] {
  const finalizer = trackingFinalizer;
  const owner = { apiVersion: 'batch/v1', kind: 'Job', object: job, selector: job.spec?.selector, finalizer };
  const { children: pods, actions: claims } = claimChildren(snapshot, 'pods', owner);
  if (isJobFinished(job) || job.metadata.deletionTimestamp) {
    const finished = pods.filter((each) => isTracked(each) && (isFinished(each) || each.metadata.deletionTimestamp));
    const rest = isJobFinished(job) ? pods.filter((each) => !isFinished(each) && !each.metadata.deletionTimestamp) : [];
    return [...claims, ...finished.map(untrack), ...rest.map((each) => deletePod(about(job), each))];
  }
  const suspended = job.spec?.suspend === true;
  const progress = progressOf(job, pods, now);
  const scaling =
    suspended || progress.outcome
      ? { actions: progress.active.map((each) => deletePod(about(job), each)) }
      : scale(snapshot, job, pods, progress, now);
  const status = statusOf(job, pods, progress, now);
  const events = announce(job, status);
  const releases = releasable(job, pods, progress, status).map(untrack);
  const report: Wanted[] = sameJson(status, job.status)
    ? []
    : [{ do: 'update', type, subresource: 'status', object: { ...job, status } }];
  const actions: Wanted[] = [...claims, ...scaling.actions, ...report, { do: 'barrier' }, ...releases, ...events];
  const deadline = deadlineLeft(job, now);
  if (deadline) actions.push({ do: 'requeue', afterMs: deadline });
  if ('waitMs' in scaling && scaling.waitMs) actions.push({ do: 'requeue', afterMs: scaling.waitMs });
  return actions;
}

/** Pods to create or give up, and how long the back-off still holds. */
function scale(
  snapshot: Snapshot<'pods'>,
  job: Job,
  pods: readonly Pod[],
  progress: Progress,
  now: number,
): { actions: Wanted[]; waitMs?: number } {
  const parallelism = job.spec?.parallelism ?? 1;
  const completions = job.spec?.completions;
  const { active, succeededCount } = progress;
  const indexed = isIndexed(job);
  const ended = indexed ? progress.completedIndexes.size + progress.failedIndexes.size : succeededCount;
  let wanted: number;
  if (completions === undefined || completions === null) wanted = succeededCount > 0 ? active.length : parallelism;
  else wanted = Math.min(completions - ended, parallelism);
  wanted = Math.max(0, Math.min(wanted, parallelism));
  const surplus = indexed ? misplaced(job, progress) : [];
  const kept = active.filter((each) => !surplus.includes(each));
  const excess = rankForDeletion(kept).slice(0, Math.max(0, kept.length - wanted));
  const removals = [...surplus, ...excess].map((each) => deletePod(about(job), each));
  if (removals.length) return { actions: removals };
  // A pod that is on its way out still holds its place when only failed pods are replaced.
  const waitsForFailed = job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy !== undefined;
  const missing = wanted - active.length - (waitsForFailed ? progress.terminating.length : 0);
  if (missing <= 0) return { actions: [] };
  // The newer Job wakes it; the look later is for a pod that somebody else let go of.
  if (isBehindItsPods(job, pods, now - behindAtMostMs)) return { actions: [], waitMs: 1000 };
  const lastSuccess = Math.max(0, ...pods.filter((each) => each.status?.phase === 'Succeeded').map(endOf));
  const failed = pods.filter((each) => each.status?.phase === 'Failed');
  if (indexed) return createIndexed(snapshot, job, pods, progress, missing, now);
  const until = backOffUntil(failed, lastSuccess);
  if (until > now) return { actions: [], waitMs: until - now };
  return { actions: createPlain(snapshot, job, missing) };
}

/** Active pods of an index that is done, out of range, or has an older pod already. */
function misplaced(job: Job, { active, completedIndexes, failedIndexes }: Progress): Pod[] {
  const holders = new Map<number, Pod>();
  const surplus: Pod[] = [];
  const oldestFirst = [...active].sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
  for (const pod of oldestFirst) {
    const index = indexOf(pod);
    const valid = index !== undefined && index < (job.spec?.completions ?? 0);
    if (!valid || completedIndexes.has(index) || failedIndexes.has(index) || holders.has(index)) surplus.push(pod);
    else holders.set(index, pod);
  }
  return surplus;
}

function ageOf({ metadata }: Pod): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}

function statusOf(job: Job, pods: readonly Pod[], progress: Progress, now: number): V1JobStatus {
  const before = job.status ?? {};
  const suspended = job.spec?.suspend === true;
  const byUid = new Map(pods.map((each) => [each.metadata.uid, each]));
  const pending = (uid: string) => {
    const pod = byUid.get(uid);
    return pod !== undefined && isTracked(pod);
  };
  const indexed = isIndexed(job);
  const was = {
    succeeded: before.uncountedTerminatedPods?.succeeded ?? [],
    failed: before.uncountedTerminatedPods?.failed ?? [],
  };
  const known = new Set([...was.succeeded, ...was.failed]);
  const fresh = (list: readonly Pod[]) => list.map((each) => each.metadata.uid).filter((uid) => !known.has(uid));
  const succeeded = [...was.succeeded.filter(pending), ...(indexed ? [] : fresh(progress.succeeded))];
  const counted = progress.failed.filter(({ verdict }) => verdict.action !== 'Ignore').map(({ pod }) => pod);
  const failed = [...was.failed.filter(pending), ...fresh(counted)];
  const succeededCount = indexed
    ? progress.completedIndexes.size
    : (before.succeeded ?? 0) + was.succeeded.filter((uid) => !pending(uid)).length;
  const failedCount = (before.failed ?? 0) + was.failed.filter((uid) => !pending(uid)).length;
  const ready = progress.active.filter(isReady).length;
  let conditions = before.conditions;
  const set = (name: string, value: string, reason: string, message: string) => {
    const old = conditions?.find((each) => each.type === name);
    if (old?.status === value && old.reason === reason && old.message === message) return;
    const next = { type: name, status: value, reason, message, lastProbeTime: timestamp(now) };
    conditions = setCondition(conditions, next, now);
  };
  const wasSuspended = before.conditions?.some((each) => each.type === 'Suspended' && each.status === 'True') ?? false;
  let startTime = before.startTime;
  if (suspended && !progress.outcome) {
    set('Suspended', 'True', 'JobSuspended', 'Job suspended');
    startTime = undefined;
  } else if (!suspended) {
    if (wasSuspended) set('Suspended', 'False', 'JobResumed', 'Job resumed');
    startTime = wasSuspended || !startTime ? timestamp(now) : startTime;
  }
  const { outcome } = progress;
  let completionTime: string | undefined;
  if (outcome) {
    set(outcome.type === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet', 'True', outcome.reason, outcome.message);
    if (!progress.active.length && !progress.terminating.length && !succeeded.length && !failed.length) {
      set(outcome.type, 'True', outcome.reason, outcome.message);
      if (outcome.type === 'Complete') completionTime = timestamp(now);
    }
  }
  const uncounted = { ...(succeeded.length && { succeeded }), ...(failed.length && { failed }) };
  return {
    ...(startTime && { startTime }),
    ...(completionTime && { completionTime }),
    ...(progress.active.length && { active: progress.active.length }),
    ready,
    terminating: progress.terminating.length,
    ...(succeededCount && { succeeded: succeededCount }),
    ...(failedCount && { failed: failedCount }),
    ...(indexed && progress.completedIndexes.size && { completedIndexes: formatIndexes(progress.completedIndexes) }),
    ...(job.spec?.backoffLimitPerIndex !== undefined && { failedIndexes: formatIndexes(progress.failedIndexes) }),
    uncountedTerminatedPods: uncounted,
    ...(conditions?.length && { conditions }),
  };
}

/** Finished pods that the status to be written accounts for. The last failure of an index stays until it is replaced: it has the count. */
function releasable(job: Job, pods: readonly Pod[], progress: Progress, status: V1JobStatus): Pod[] {
  const noted = new Set([
    ...(status.uncountedTerminatedPods?.succeeded ?? []),
    ...(status.uncountedTerminatedPods?.failed ?? []),
  ]);
  const ignored = new Set(
    progress.failed.filter(({ verdict }) => verdict.action === 'Ignore').map(({ pod }) => pod.metadata.uid),
  );
  const indexed = isIndexed(job);
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined && !progress.outcome;
  return pods.filter((pod) => {
    if (!isTracked(pod)) return false;
    const succeeded = pod.status?.phase === 'Succeeded';
    if (!noted.has(pod.metadata.uid) && !ignored.has(pod.metadata.uid) && !(indexed && succeeded)) return false;
    const index = indexOf(pod);
    if (!perIndex || succeeded || index === undefined) return true;
    if (progress.completedIndexes.has(index) || progress.failedIndexes.has(index)) return true;
    return pods.some((each) => indexOf(each) === index && failuresOf(each) > failuresOf(pod));
  });
}

function untrack(pod: Pod): Wanted {
  const finalizers = (pod.metadata.finalizers ?? []).filter((each) => each !== trackingFinalizer);
  return patchWithPreconditions('pods', pod, { metadata: { finalizers } });
}

/** Events for what this status says for the first time. */
function announce(job: Job, status: V1JobStatus): Action[] {
  const had = (name: string, value: string) =>
    job.status?.conditions?.some((each) => each.type === name && each.status === value) ?? false;
  return (status.conditions ?? []).flatMap((each): Action[] => {
    if (had(each.type, each.status)) return [];
    const say = (kind: 'Normal' | 'Warning', reason: string, message: string): Action[] => [
      { do: 'event', regarding: about(job), event: { type: kind, reason, message } },
    ];
    if (each.type === 'Complete') return say('Normal', 'Completed', 'Job completed');
    if (each.type === 'Failed') return say('Warning', each.reason ?? 'Failed', each.message ?? '');
    if (each.type === 'Suspended') {
      return each.status === 'True'
        ? say('Normal', 'Suspended', 'Job suspended')
        : say('Normal', 'Resumed', 'Job resumed');
    }
    return [];
  });
}

function about(job: Job): Regarding {
  return regarding('batch/v1', 'Job', job);
}
