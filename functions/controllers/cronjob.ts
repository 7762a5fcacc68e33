// The CronJob controller: a Job for each time of the schedule, named after that time, so that no time gets two.

import { type CronSchedule, parseCron } from '../../core/machinery/cron.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { millisecondsOf } from '../../core/machinery/time.ts';
import type { EventText } from '../../core/registry/event-recorder.ts';
import { controllerOf, controllerRef } from './claim-children.ts';
import { sameJson, timestamp } from './condition.ts';
import {
  type Action,
  type Context,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  type Snapshot,
  splitKey,
  watchChildren,
  watchSelf,
} from './controller.ts';
import { finishedCondition } from './job.ts';

type Wanted = Action<typeof jobs | typeof type>;

const type = 'batch/cronjobs';
const jobs = 'batch/jobs';

type CronJob = ObjectOf<typeof type>;
type Job = ObjectOf<typeof jobs>;

/** More missed times than this are not counted out, only said. */
const manyMissed = 100;

export const cronJobController = defineController({
  name: 'cronjob',
  user: controllerUser('cronjob-controller'),
  watches: [watchSelf(type), watchChildren(jobs, 'batch', 'CronJob')],
  owns: [jobs, type],
  reconcile(snapshot, key, context): Wanted[] {
    const { namespace, name } = splitKey(key);
    const cronJob = snapshot.get(type, namespace, name);
    if (!cronJob || cronJob.metadata.deletionTimestamp) return [];
    const children = snapshot
      .ownedBy(jobs, cronJob.metadata.uid)
      .filter((each) => controllerOf(each)?.uid === cronJob.metadata.uid);
    const actions = historyOf(cronJob, children);
    const status = statusOf(cronJob, children);
    const started = cronJob.spec?.suspend ? { actions: [] } : start(snapshot, cronJob, children, context);
    const scheduled = 'scheduled' in started ? started.scheduled : undefined;
    const next = { ...status, ...(scheduled !== undefined && { lastScheduleTime: timestamp(scheduled) }) };
    // The Job first: its name keeps the time from getting a second one, the status only saves the search.
    actions.push(...started.actions, { do: 'barrier' });
    actions.push(...completionsOf(cronJob, children));
    if (!sameJson(next, cronJob.status ?? {})) {
      actions.push({ do: 'update', type, subresource: 'status', object: { ...cronJob, status: next } });
    }
    return actions;
  },
});

function statusOf(cronJob: CronJob, children: readonly Job[]) {
  const active = children
    .filter((each) => !finishedCondition(each))
    .map(({ metadata: { namespace, name, uid, resourceVersion } }) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      namespace,
      name,
      uid,
      resourceVersion,
    }));
  const { active: before, ...rest } = cronJob.status ?? {};
  const listed = active.map((each) => {
    // A reference keeps the version that it was made with.
    return before?.find((other) => other.uid === each.uid) ?? each;
  });
  let lastSuccess = rest.lastSuccessfulTime;
  for (const each of children) {
    const completed = each.status?.completionTime;
    if (completed && (!lastSuccess || completed > lastSuccess)) lastSuccess = completed;
  }
  return { ...rest, ...(listed.length && { active: listed }), ...(lastSuccess && { lastSuccessfulTime: lastSuccess }) };
}

/** Jobs that were active when the status was written last, and have ended since. */
function completionsOf(cronJob: CronJob, children: readonly Job[]): Wanted[] {
  const before = new Set(cronJob.status?.active?.map(({ uid }) => uid));
  return children.flatMap((job) => {
    const end = before.has(job.metadata.uid) && finishedCondition(job);
    if (!end) return [];
    return [
      event(cronJob, 'Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${end.type}`),
    ];
  });
}

function start(
  snapshot: Snapshot<'batch/jobs'>,
  cronJob: CronJob,
  children: readonly Job[],
  { now }: Context,
): { actions: Wanted[]; scheduled?: number } {
  const spec = cronJob.spec;
  if (!spec) return { actions: [] };
  let schedule: CronSchedule;
  try {
    schedule = parseCron(spec.schedule, spec.timeZone);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return {
      actions: [
        event(cronJob, 'Warning', 'UnparseableSchedule', `unparseable schedule: "${spec.schedule}" : ${error.message}`),
      ],
    };
  }
  const created = Date.parse(cronJob.metadata.creationTimestamp ?? '') || now;
  const last = Date.parse(cronJob.status?.lastScheduleTime ?? '') || created;
  const deadline = spec.startingDeadlineSeconds;
  const from = deadline === undefined || deadline === null ? last : Math.max(last, now - millisecondsOf(deadline));
  const { latest, missed } = latestTime(schedule, from, now);
  const following = schedule.next(now);
  // A date that there never is (the 31st of February): Kubernetes' words for it.
  if (following === undefined && latest === undefined) {
    const why = 'time difference between two schedules is less than 1 second';
    return { actions: [event(cronJob, 'Warning', 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${why}`)] };
  }
  const wait: Wanted[] = following === undefined ? [] : [{ do: 'requeue', afterMs: following - now + 100 }];
  if (latest === undefined) return { actions: wait };
  const actions: Wanted[] = [...wait];
  if (missed > manyMissed) {
    const message = `too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew`;
    actions.push(event(cronJob, 'Warning', 'TooManyMissedTimes', message));
  }
  const { namespace = '', name } = cronJob.metadata;
  const jobName = `${name}-${Math.floor(latest / 60_000)}`;
  if (snapshot.get(jobs, namespace, jobName)) return { actions, scheduled: latest };
  const active = children.filter((each) => !finishedCondition(each));
  if (active.length && spec.concurrencyPolicy === 'Forbid') {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { actions: [...actions, event(cronJob, 'Normal', 'JobAlreadyActive', message)] };
  }
  if (spec.concurrencyPolicy === 'Replace') actions.push(...active.map((each) => remove(cronJob, each)));
  actions.push({
    do: 'create',
    type: jobs,
    object: jobOf(cronJob, jobName, latest),
    existsIsFine: true,
    announce: {
      regarding: regarding('batch/v1', 'CronJob', cronJob),
      success: { type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${jobName}` },
      failure: { type: 'Warning', reason: 'FailedCreate', message: 'Error creating job: ' },
    },
  });
  return { actions, scheduled: latest };
}

/** The latest time in (from, now], and roughly how many there were. Long gaps are jumped, not walked. */
function latestTime(schedule: CronSchedule, from: number, now: number): { latest?: number; missed: number } {
  let latest: number | undefined;
  let missed = 0;
  let at = schedule.next(from);
  while (at !== undefined && at <= now) {
    latest = at;
    missed++;
    const after = schedule.next(at);
    if (missed === manyMissed + 1 && after !== undefined) {
      // Look for the last one close to now, with ever longer steps back.
      for (let back = after - at; back < now - at; back *= 2) {
        const candidate = schedule.next(now - back);
        if (candidate !== undefined && candidate <= now) {
          at = candidate;
          break;
        }
      }
      if (at === latest) at = after;
    } else at = after;
  }
  return { missed, ...(latest !== undefined && { latest }) };
}

function jobOf(cronJob: CronJob, name: string, scheduled: number) {
  const template = cronJob.spec?.jobTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  const time = { 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(scheduled) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, ...time },
      ownerReferences: [controllerRef('batch/v1', 'CronJob', cronJob)],
    },
    spec: structuredClone(template?.spec),
  };
}

/** Finished Jobs beyond the limits go, the oldest first. */
function historyOf(cronJob: CronJob, children: readonly Job[]): Wanted[] {
  const kept = {
    Complete: cronJob.spec?.successfulJobsHistoryLimit ?? 3,
    Failed: cronJob.spec?.failedJobsHistoryLimit ?? 1,
  };
  return (['Complete', 'Failed'] as const).flatMap((end) => {
    const ended = children
      .filter((each) => finishedCondition(each)?.type === end && !each.metadata.deletionTimestamp)
      .sort((a, b) =>
        (a.status?.startTime ?? '') + a.metadata.name < (b.status?.startTime ?? '') + b.metadata.name ? -1 : 1,
      );
    return ended.slice(0, Math.max(0, ended.length - kept[end])).map((each) => remove(cronJob, each));
  });
}

function remove(cronJob: CronJob, { metadata: { namespace = '', name, uid } }: Job): Wanted {
  return {
    do: 'delete',
    type: jobs,
    namespace,
    name,
    options: { propagationPolicy: 'Background', preconditions: { uid } },
    announce: {
      regarding: regarding('batch/v1', 'CronJob', cronJob),
      success: { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` },
      failure: { type: 'Warning', reason: 'FailedDelete', message: 'Error deleting job: ' },
    },
  };
}

function event(cronJob: CronJob, kind: EventText['type'], reason: string, message: string): Action {
  return { do: 'event', regarding: regarding('batch/v1', 'CronJob', cronJob), event: { type: kind, reason, message } };
}
