// The API server as Lambda functions: `stream` behind integrations that stream (reads, watches), `buffered` behind the others,
// `notify` on the queue of the node notifier. What else differs between the functions is their memory, time and rights (infra).

import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import pino from 'pino';
import { readSettings } from '../../core/cluster/settings.ts';
import { createSqsQueue } from '../../core/queue/sqs/sqs-queue.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { createAlarmTimers } from '../../core/work/alarm-timers.ts';
import { type BatchResult, type InvocationContext, logInvocation, retryBatch } from '../../core/work/invocation.ts';
import { workUntilQuiet } from '../../core/work/until-quiet.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { answerFailure } from './serverless/answer-failure.ts';
import { type GatewayEvent, toApiRequest } from './serverless/gateway-event.ts';
import { toBuffered, toStreamed } from './serverless/gateway-response.ts';
import { openNotifier } from './serverless/notifier.ts';
import { openServerless } from './serverless/open.ts';

/** A stream ends this long before its function's time is over, so that its client sees an end and no break. */
const reserveMs = 5_000;

const { env } = process;
const settings = readSettings(env);
const log = pino({ level: settings.logLevel });
const { store, heartbeats } = connectStore(settings.table, settings.bucket);
const { queueUrlBase, queuePrefix } = settings;
const queue = createSqsQueue({
  client: new SQSClient({}),
  visibilitySeconds: 30,
  prefix: queuePrefix,
  ...(queueUrlBase !== undefined && { urlOf: (name) => `${queueUrlBase}${queuePrefix}${name}` }),
});

const notifies = env['_HANDLER']?.endsWith('.notify') ?? false;
// Opened in the initialisation phase: the first request then waits for nothing.
const api = notifies ? undefined : await openServerless({ settings, store, heartbeats, queue, log, env });
const notifyNodes = notifies
  ? await openNotifier({ replicas: createReplicas(store), queue, heartbeats, log })
  : undefined;

export const stream = middy({ executionMode: executionModeStreamifyResponse })
  .use(logInvocation(log, Date.now))
  .use(answerFailure(log))
  .handler((event, context) => {
    // as: only API Gateway's integrations invoke this function.
    return answer(event as GatewayEvent, context, async (response, done) => toStreamed(response, done));
  });

export const buffered = middy()
  .use(logInvocation(log, Date.now))
  .use(answerFailure(log))
  .handler((event, context) => {
    // as: as above.
    return answer(event as GatewayEvent, context, async (response, done) => {
      const result = await toBuffered(response);
      done();
      return result;
    });
  });

const alarm = { at: undefined };
const timers = createAlarmTimers(Date.now);
const wakeups = createWakeups({ queue, self: 'notifier', onError: () => undefined });

export const notify = middy()
  .use(logInvocation(log, Date.now))
  .use(retryBatch(log))
  .handler(async (_event: unknown, context: InvocationContext): Promise<BatchResult> => {
    if (!notifyNodes) throw new Error('this function was not started as the notifier: its handler must be `notify`');
    const loop = { worker: 'notifier', idle: notifyNodes, wakeups, timers, queue, clock: Date.now } as const;
    await workUntilQuiet(loop, alarm, () => context.getRemainingTimeInMillis());
    return { batchItemFailures: [] };
  });

type Respond<T> = (response: Awaited<ReturnType<NonNullable<typeof api>['handle']>>, done: () => void) => Promise<T>;

async function answer<T>(event: GatewayEvent, context: InvocationContext, respond: Respond<T>): Promise<T> {
  if (!api) throw new Error('this function was started as the notifier');
  // Nobody tells a function that its client left, or that its time is over.
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), Math.max(0, context.getRemainingTimeInMillis() - reserveMs));
  const done = () => clearTimeout(timer);
  try {
    return await respond(await api.handle(toApiRequest(event, ending.signal)), done);
  } catch (error) {
    done();
    throw error;
  }
}
