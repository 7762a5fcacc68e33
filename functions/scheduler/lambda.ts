// The scheduler as a Lambda function on its queue. Two may run at the same time: a bind succeeds only while its pod is unbound (D4).

import { randomUUID } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import pino from 'pino';
import { loadDefinitions } from '../../core/api/definitions.ts';
import { readSettings } from '../../core/cluster/settings.ts';
import { createSqsQueue } from '../../core/queue/sqs/sqs-queue.ts';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { tellOwnCommits } from '../../core/store/own-commits.ts';
import { createAlarmTimers } from '../../core/work/alarm-timers.ts';
import { type BatchResult, type InvocationContext, logInvocation, retryBatch } from '../../core/work/invocation.ts';
import { workUntilQuiet } from '../../core/work/until-quiet.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { startScheduler } from './run.ts';

/** Timers from here on are the scheduler's own resync: the schedule sees to that. */
const resyncMs = 60_000;

const settings = readSettings(process.env);
const logger = pino({ level: settings.logLevel });
const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);
const { queueUrlBase, queuePrefix } = settings;
const queue = createSqsQueue({
  client: new SQSClient({}),
  visibilitySeconds: 30,
  prefix: queuePrefix,
  ...(queueUrlBase !== undefined && { urlOf: (name) => `${queueUrlBase}${queuePrefix}${name}` }),
});
const wakeups = createWakeups({
  queue,
  self: 'scheduler',
  onError: (error, worker) => log(`${worker} could not be woken; the stream will`, error),
});
const store = tellOwnCommits(connectStore(settings.table, settings.bucket).store, wakeups.committed);
const replicas = createReplicas(store);
const definitions = loadDefinitions();
const registry = createRegistry({
  store,
  replicas,
  definitions,
  clock: () => new Date(),
  random: systemRandom,
  serviceCIDR: settings.serviceCIDR,
  clusterDomain: settings.clusterDomain,
});
const events = createEventRecorder(registry, () => definitions.ofType('events'), Date.now, log);
const recorder = {
  user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] },
  warnings: [],
};
const recording = new Set<Promise<unknown>>();
const timers = createAlarmTimers(Date.now, resyncMs);

const running = await startScheduler({
  store,
  identity: `scheduler-${randomUUID()}`,
  replicas,
  registry,
  definitions,
  clock: Date.now,
  timers,
  log,
  recordEvent: (pod, event) => {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
    const record = events.record(recorder, 'default-scheduler', about, event);
    recording.add(record);
    void record.finally(() => recording.delete(record));
  },
});
const alarm = { at: undefined };

async function idle(): Promise<void> {
  await running.idle();
  await Promise.all(recording);
}

export const handler = middy()
  .use(logInvocation(logger, Date.now))
  .use(retryBatch(logger))
  .handler(async (_event: unknown, context: InvocationContext): Promise<BatchResult> => {
    const loop = { worker: 'scheduler', idle, wakeups, timers, queue, clock: Date.now } as const;
    await workUntilQuiet(loop, alarm, () => context.getRemainingTimeInMillis());
    return { batchItemFailures: [] };
  });
