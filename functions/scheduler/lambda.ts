// The scheduler as a Lambda function. Two may run at the same time: a bind succeeds only while its pod is unbound (D4).

import '../../core/process/frozen-intrinsics.ts';
import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { openOverRelays } from '../../core/registry/over-relays.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { workerMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import { createPodEvents } from './pod-events.ts';
import { startScheduler } from './run.ts';

/** Timers from here on are the scheduler's own resync: the schedule sees to that. */
const resyncMs = 60_000;

const { env } = process;
const settings = readSettings(env);
const logger = createLog(settings.logLevel);
const meter = openMeter(settings, env, logger);
const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);
const queue = connectQueue(settings, env);
const connected = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const { wakes } = connected;
const worker = createWorkerFunction({
  worker: 'scheduler',
  wakes,
  waking: connectWaking(settings, env, wakes),
  log: logger,
  resyncMs,
});
const store = worker.wakingOthers(connected.store);
// For the webhooks of bindings.
const { parts, end } = openOverRelays(store, { ...settings, relays: connected.relays, queue });
const events = createPodEvents({ ...parts, clock: Date.now, log });
const running = await startScheduler({
  ...parts,
  store,
  identity: `scheduler-${randomUUID()}`,
  clock: Date.now,
  timers: worker.timers,
  log,
  recordEvent: events.record,
});

async function idle(): Promise<void> {
  await running.idle();
  await events.idle();
}

export const handler = middy()
  .use(workerMiddleware(meter, logger))
  .handler(worker.answer(idle, { afterwards: end }));
