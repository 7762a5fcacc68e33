// The controllers as Lambda functions: `handler` on the queue of the cluster's own, `hosting` on that of the clusters that it hosts.

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { queueMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';

const { env } = process;
const settings = readSettings(env);
const logger = createLog(settings.logLevel);
const meter = openMeter(settings, env, logger);
const connected = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const queue = connectQueue(settings, env);
const answer = await open();

export const handler = middy().use(queueMiddleware(meter, logger)).handler(answer);

/** Of the function for hosted clusters. */
export const hosting = handler;

async function open() {
  const options = { settings, connected, queue, logger };
  if (env['_HANDLER']?.endsWith('.hosting')) {
    const { openHosting } = await import('./hosting/open-hosting.ts');
    return openHosting(options);
  }
  const { openOwn } = await import('./own.ts');
  return openOwn(options);
}
