// The controllers as Lambda functions: `handler` for the cluster's own, `hosting` for the clusters that it hosts.

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { workerMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';

const { env } = process;
const settings = readSettings(env);
const logger = createLog(settings.logLevel);
const meter = openMeter(settings, env, logger);
const connected = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const queue = connectQueue(settings, env);
const waking = connectWaking(settings, env, connected.wakes);
const answer = await open();

export const handler = middy().use(workerMiddleware(meter, logger)).handler(answer);

/** Of the function for hosted clusters. */
export const hosting = handler;

async function open() {
  const options = { settings, connected, queue, waking, logger };
  if (env['_HANDLER']?.endsWith('.hosting')) {
    const { openHosting } = await import('./hosting/open-hosting.ts');
    return openHosting(options);
  }
  const { openOwn } = await import('./own.ts');
  return openOwn(options);
}
