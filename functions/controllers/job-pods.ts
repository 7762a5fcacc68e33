// The pods that a Job creates: plain ones, or one per completion index (KEP-2214).

import { podNames, suffixOf } from './child-name.ts';
import { controllerRef } from './claim-children.ts';
import { type Action, regarding, type Snapshot } from './controller.ts';
import type { Job } from './job-failure-policy.ts';
import {
  backOffUntil,
  failureCountAnnotation,
  failuresOf,
  indexAnnotation,
  indexOf,
  nextCounts,
  type Progress,
  trackingFinalizer,
} from './job-progress.ts';
import { createPod } from './pod-actions.ts';
import type { Pod } from './pod-state.ts';
import { podOf } from './replicas.ts';

/** The most pods that one pass makes. */
const burst = 500;

export function createPlain(snapshot: Snapshot<'pods'>, job: Job, count: number): Action<'pods'>[] {
  const { namespace = '', name, uid } = job.metadata;
  const names = podNames(snapshot, namespace, name, uid, Math.min(count, burst));
  return names.map((podName) => creation(job, podName, `${name}-`));
}

/** Fills the lowest indexes that have neither succeeded, failed nor a pod. Those whose last pod just failed wait. */
export function createIndexed(
  snapshot: Snapshot<'pods'>,
  job: Job,
  pods: readonly Pod[],
  progress: Progress,
  count: number,
  now: number,
): { actions: Action<'pods'>[]; waitMs?: number } {
  const { namespace = '', name, uid } = job.metadata;
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  const held = job.spec?.podFailurePolicy ? [...progress.active, ...progress.terminating] : progress.active;
  const taken = new Set(held.map(indexOf));
  const failedPods = pods.filter((each) => each.status?.phase === 'Failed');
  const common = perIndex ? 0 : backOffUntil(failedPods, 0);
  if (common > now) return { actions: [], waitMs: common - now };
  const actions: Action<'pods'>[] = [];
  let waitMs: number | undefined;
  for (let index = 0; index < (job.spec?.completions ?? 0) && actions.length < Math.min(count, burst); index++) {
    if (taken.has(index) || progress.completedIndexes.has(index) || progress.failedIndexes.has(index)) continue;
    const before = pods.filter((each) => indexOf(each) === index && each.status?.phase === 'Failed');
    const last = before.sort((a, b) => failuresOf(b) - failuresOf(a))[0];
    if (perIndex && last) {
      const until = backOffUntil([last], 0);
      if (until > now) {
        waitMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, until - now);
        continue;
      }
    }
    const verdict = progress.failed.find(({ pod }) => pod === last)?.verdict;
    const counts = !perIndex
      ? {}
      : last
        ? nextCounts(last, verdict ?? { action: 'Count' })
        : { [failureCountAnnotation]: '0' };
    actions.push(
      creation(
        job,
        indexedName(snapshot, namespace, `${name}-${index}`, `${uid}/${index}`),
        `${name}-${index}-`,
        index,
        counts,
      ),
    );
  }
  return { actions, ...(waitMs !== undefined && { waitMs }) };
}

function indexedName(snapshot: Snapshot<'pods'>, namespace: string, stem: string, seed: string): string {
  for (let slot = 0; ; slot++) {
    const name = `${stem.slice(0, 57)}-${suffixOf(`${seed}/${slot}`)}`;
    if (!snapshot.get('pods', namespace, name) && !snapshot.recentlyDeleted(namespace, name)) return name;
  }
}

function creation(
  job: Job,
  name: string,
  generateName: string,
  index?: number,
  counts: Record<string, string> = {},
): Action<'pods'> {
  const pod = podOf(job.spec?.template, job.metadata.namespace ?? '');
  const { metadata, spec } = pod;
  const marked = index === undefined ? {} : { [indexAnnotation]: String(index) };
  if (index !== undefined && spec) {
    spec.hostname ??= `${job.metadata.name}-${index}`;
    const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` };
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      if (container.env?.some((each) => each.name === 'JOB_COMPLETION_INDEX')) continue;
      container.env = [...(container.env ?? []), { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef } }];
    }
  }
  return createPod(regarding('batch/v1', 'Job', job), name, {
    ...pod,
    metadata: {
      ...metadata,
      name,
      generateName,
      labels: { ...metadata.labels, ...marked },
      annotations: { ...metadata.annotations, ...marked, ...counts },
      finalizers: [...(metadata.finalizers ?? []), trackingFinalizer],
      ownerReferences: [controllerRef('batch/v1', 'Job', job)],
    },
  });
}
