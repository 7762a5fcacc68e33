// The controllers as a Lambda function on their queue: catch up, reconcile until nothing is left, leave an alarm for what is due later.
// Any number may run at the same time (D4).

import { randomUUID } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import pino from 'pino';
import { loadDefinitions } from '../../core/api/definitions.ts';
import { amazonRoots } from '../../core/cluster/amazon-roots.ts';
import { ensureAuthority } from '../../core/cluster/authority.ts';
import { readSettings } from '../../core/cluster/settings.ts';
import { createSqsQueue } from '../../core/queue/sqs/sqs-queue.ts';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { startCompaction } from '../../core/store/compaction.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { tellOwnCommits } from '../../core/store/own-commits.ts';
import { createAlarmTimers } from '../../core/work/alarm-timers.ts';
import {
  asksForHousekeeping,
  type BatchResult,
  type InvocationContext,
  logInvocation,
  type QueueEvent,
  retryBatch,
} from '../../core/work/invocation.ts';
import { workUntilQuiet } from '../../core/work/until-quiet.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { controllers } from './all.ts';
import { createEc2Instances } from './cloud/ec2-instances.ts';
import { startControllers } from './run.ts';

/** The schedule sees to it. */
const never = 24 * 3600_000;
/** Two and a half heartbeats of a node that reports every 75 seconds. */
const nodeGraceMs = 190_000;
/** How often old log entries and tombstones are let go. */
const compactEveryMs = 3600_000;

const settings = readSettings(process.env);
const logger = pino({ level: settings.logLevel });
const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);
const connected = connectStore(settings.table, settings.bucket);
const { queueUrlBase, queuePrefix } = settings;
const queue = createSqsQueue({
  client: new SQSClient({}),
  visibilitySeconds: 30,
  prefix: queuePrefix,
  ...(queueUrlBase !== undefined && { urlOf: (name) => `${queueUrlBase}${queuePrefix}${name}` }),
});
const wakeups = createWakeups({
  queue,
  self: 'controllers',
  onError: (error, worker) => log(`${worker} could not be woken; the stream will`, error),
});
const store = tellOwnCommits(connected.store, wakeups.committed);
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
const timers = createAlarmTimers(Date.now, never);
const compaction = startCompaction(connected.store, { everyMs: never });
let compactedAt = 0;

await serveCustomResources({ registry, replicas, definitions, onError: (error) => log('custom resources', error) });
const running = startControllers({
  store,
  identity: `controllers-${randomUUID()}`,
  replicas,
  registry,
  definitions,
  controllers: controllers({
    caCertificate: amazonRoots(),
    authority: () => ensureAuthority(store, new Date()),
    podCIDR: settings.podCIDR,
    heartbeats: () => connected.heartbeats.all(),
    nodeGraceMs,
    ...(settings.ec2Nodes && { cloud: createEc2Instances(settings.region) }),
  }),
  clock: Date.now,
  timers,
  random: Math.random,
  log,
  resyncMs: never,
});
const alarm = { at: undefined };

export const handler = middy()
  .use(logInvocation(logger, Date.now))
  .use(retryBatch(logger))
  .handler(async (event: unknown, context: InvocationContext): Promise<BatchResult> => {
    // as: only the queue invokes this function.
    if (asksForHousekeeping(event as QueueEvent)) await housekeeping();
    const idle = () => running.idle();
    const loop = { worker: 'controllers', idle, wakeups, timers, queue, clock: Date.now } as const;
    await workUntilQuiet(loop, alarm, () => context.getRemainingTimeInMillis());
    return { batchItemFailures: [] };
  });

/** What runs out with time. The controllers see what came of it when they catch up. */
async function housekeeping(): Promise<void> {
  await connected.store.expire();
  if (Date.now() - compactedAt < compactEveryMs) return;
  compactedAt = Date.now();
  await compaction.run();
}
