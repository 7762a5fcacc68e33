// How far a Job is: its pods sorted by what they are, and whether that ends the Job. Pure counting, no actions.

import { isActive, isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { millisecondsOf } from '../../core/machinery/time.ts';
import { countOf, intervalsOf, isAmong, parseIndexes } from './index-set.ts';
import { type Job, type Verdict, verdictOf } from './job-failure-policy.ts';
import { type Pod, restarts } from './pod-state.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

export interface Outcome {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

export interface Progress {
  readonly active: Pod[];
  readonly terminating: Pod[];
  /** Finished, still with our finalizer: to be counted. */
  readonly succeeded: Pod[];
  readonly failed: { pod: Pod; verdict: Verdict }[];
  /** Counted or about to be. */
  readonly succeededCount: number;
  readonly failedCount: number;
  readonly completedIndexes: Set<number>;
  readonly failedIndexes: Set<number>;
  readonly outcome: Outcome | undefined;
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation];
  return text === undefined ? undefined : Number(text);
}

export function failuresOf(pod: Pod): number {
  return Number(pod.metadata.annotations?.[failureCountAnnotation] ?? 0);
}

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

/**
 * Whether pods were let go of after they succeeded that the Job's status does not count: then this view of the Job is older than that of its
 * pods, as another process may have counted them. What it misses would be run again. `sinceMs`: who ended before was let go of by others.
 */
export function isBehindItsPods(job: Job, pods: readonly Pod[], sinceMs: number): boolean {
  const done = pods.filter((each) => each.status?.phase === 'Succeeded' && !isTracked(each) && endOf(each) >= sinceMs);
  if (done.length === 0) return false;
  const { status } = job;
  if (!isIndexed(job))
    return done.length > (status?.succeeded ?? 0) + (status?.uncountedTerminatedPods?.succeeded?.length ?? 0);
  const counted = parseIndexes(status?.completedIndexes);
  const completions = job.spec?.completions ?? 0;
  return done.some((each) => {
    const index = indexOf(each);
    return index !== undefined && index < completions && !counted.has(index);
  });
}

/** A pod on its way out counts as failed at once, unless the Job waits until it has failed. */
function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (pod.status?.phase === 'Succeeded' || job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy) {
    return false;
  }
  return pod.metadata.deletionTimestamp !== undefined;
}

export function progressOf(job: Job, pods: readonly Pod[], now: number): Progress {
  const uncounted = job.status?.uncountedTerminatedPods;
  const seen = new Set([...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])]);
  const tracked = pods.filter(isTracked);
  const succeeded = tracked.filter((each) => each.status?.phase === 'Succeeded');
  const failed = tracked
    .filter((each) => isFailed(job, each))
    .map((pod) => ({ pod, verdict: pod.status?.phase === 'Failed' ? verdictOf(job, pod) : count }));
  const active = pods.filter(isActive);
  const terminating = pods.filter((each) => each.metadata.deletionTimestamp && !isFinished(each));

  const completedIndexes = parseIndexes(job.status?.completedIndexes);
  const failedIndexes = parseIndexes(job.status?.failedIndexes);
  const completions = job.spec?.completions ?? 0;
  if (isIndexed(job)) {
    for (const pod of succeeded) {
      const index = indexOf(pod);
      if (index !== undefined && index < completions) completedIndexes.add(index);
    }
    const limit = job.spec?.backoffLimitPerIndex;
    if (limit !== undefined) {
      for (const { pod, verdict } of failed) {
        const index = indexOf(pod);
        if (index === undefined || index >= completions || completedIndexes.has(index)) continue;
        const exceeded = verdict.action === 'Count' && failuresOf(pod) >= limit;
        if (exceeded || verdict.action === 'FailIndex') failedIndexes.add(index);
      }
    }
  }
  const newlyFailed = failed.filter(({ pod, verdict }) => verdict.action !== 'Ignore' && !seen.has(pod.metadata.uid));
  const failedCount = (job.status?.failed ?? 0) + (uncounted?.failed?.length ?? 0) + newlyFailed.length;
  const newlySucceeded = succeeded.filter((each) => !seen.has(each.metadata.uid)).length;
  const succeededCount = isIndexed(job)
    ? completedIndexes.size
    : (job.status?.succeeded ?? 0) + (uncounted?.succeeded?.length ?? 0) + newlySucceeded;
  const counts = {
    active,
    terminating,
    succeeded,
    failed,
    succeededCount,
    failedCount,
    completedIndexes,
    failedIndexes,
  };
  return { ...counts, outcome: outcomeOf(job, counts, now) };
}

const count: Verdict = { action: 'Count' };

function outcomeOf(job: Job, progress: Omit<Progress, 'outcome'>, now: number): Outcome | undefined {
  const decided = job.status?.conditions?.find(
    (each) => (each.type === 'FailureTarget' || each.type === 'SuccessCriteriaMet') && each.status === 'True',
  );
  if (decided) {
    const type = decided.type === 'FailureTarget' ? 'Failed' : 'Complete';
    return { type, reason: decided.reason ?? '', message: decided.message ?? '' };
  }
  return failureOf(job, progress, now) ?? successOf(job, progress);
}

function failureOf(job: Job, progress: Omit<Progress, 'outcome'>, now: number): Outcome | undefined {
  const spec = job.spec;
  const fail = (reason: string, message: string): Outcome => ({ type: 'Failed', reason, message });
  const policy = progress.failed.find(({ verdict }) => verdict.action === 'FailJob');
  if (policy) return fail('PodFailurePolicy', policy.verdict.message ?? '');
  const perIndex = spec?.backoffLimitPerIndex !== undefined;
  const limit = spec?.backoffLimit ?? (perIndex ? 2147483647 : 6);
  let onNode = 0;
  if (spec?.template.spec?.restartPolicy === 'OnFailure') for (const pod of progress.active) onNode += restarts(pod);
  if (progress.failedCount > limit || (onNode > 0 && onNode >= limit)) {
    return fail('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if (deadlineLeft(job, now) === 0) {
    return fail('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  if (perIndex) {
    if (spec?.maxFailedIndexes !== undefined && progress.failedIndexes.size > spec.maxFailedIndexes) {
      return fail('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    }
    const ended = progress.failedIndexes.size + progress.completedIndexes.size;
    if (progress.failedIndexes.size && ended >= (spec?.completions ?? 0)) {
      return fail('FailedIndexes', 'Job has failed indexes');
    }
  }
  return undefined;
}

function successOf(job: Job, progress: Omit<Progress, 'outcome'>): Outcome | undefined {
  for (const [i, rule] of (isIndexed(job) ? (job.spec?.successPolicy?.rules ?? []) : []).entries()) {
    const wanted = rule.succeededIndexes === undefined ? undefined : intervalsOf(rule.succeededIndexes);
    const met = [...progress.completedIndexes].filter((each) => !wanted || isAmong(wanted, each)).length;
    const needed = rule.succeededCount ?? (wanted ? countOf(wanted) : Number.POSITIVE_INFINITY);
    if (met >= needed) return { type: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${i}` };
  }
  const completions = job.spec?.completions;
  const done =
    completions === undefined || completions === null
      ? progress.succeededCount > 0 && !progress.active.length
      : progress.succeededCount >= completions;
  if (!done) return undefined;
  return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
}

/** Milliseconds until the Job's deadline; undefined when it has none, or has not started. */
export function deadlineLeft(job: Job, now: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  const started = Date.parse(job.status?.startTime ?? '');
  if (seconds === undefined || !Number.isFinite(started) || job.spec?.suspend) return undefined;
  return Math.max(0, started + millisecondsOf(seconds) - now);
}

/** When the last of these pods ended, and how many ended since the last success. */
export function backOffUntil(failed: readonly Pod[], lastSuccess: number): number {
  const ends = failed.map(endOf).filter((each) => each > lastSuccess);
  if (!ends.length) return 0;
  const pause = Math.min(10_000 * 2 ** (ends.length - 1), 600_000);
  return Math.max(...ends) + pause;
}

export function endOf(pod: Pod): number {
  let end = 0;
  for (const { state } of pod.status?.containerStatuses ?? []) {
    end = Math.max(end, Date.parse(state?.terminated?.finishedAt ?? '') || 0);
  }
  if (end) return end;
  const ready = pod.status?.conditions?.find((each) => each.type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? pod.metadata.deletionTimestamp ?? '') || 0;
}

/** Failure counts that a replacement of this pod carries on. */
export function nextCounts(pod: Pod, verdict: Verdict): Record<string, string> {
  const ignored = Number(pod.metadata.annotations?.[ignoredCountAnnotation] ?? 0);
  const failures = failuresOf(pod);
  return verdict.action === 'Ignore'
    ? { [failureCountAnnotation]: String(failures), [ignoredCountAnnotation]: String(ignored + 1) }
    : { [failureCountAnnotation]: String(failures + 1), ...(ignored && { [ignoredCountAnnotation]: String(ignored) }) };
}
