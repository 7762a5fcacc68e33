// The API server as Lambda functions: `stream` behind integrations that stream (reads, watches), `buffered` behind the others,
// `notify` on the queue of the node notifier. What else differs between the functions is their memory, time and rights (infra).

import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { readSettings } from '../../core/cluster/settings.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { type InvocationContext, logInvocation, retryBatch } from '../../core/work/invocation.ts';
import { createLog } from '../../core/work/log.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import type { ApiResponse } from './http.ts';
import { answerFailure } from './serverless/answer-failure.ts';
import { type GatewayEvent, toApiRequest } from './serverless/gateway-event.ts';
import { toBuffered, toStreamed } from './serverless/gateway-response.ts';

/** A stream ends this long before its function's time is over, so that its client sees an end and no break. */
const reserveMs = 5_000;

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const { store, heartbeats, relays } = connectStore(settings.table, settings.bucket, env);
const queue = connectQueue(settings, env);
const notifies = handles('.notify');
// Opened in the initialisation phase: the first request then waits for nothing.
const api = notifies ? undefined : await openApi();
const notifyNodes = notifies ? await openNotifying() : undefined;

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

const worker = createWorkerFunction({ worker: 'notifier', queue, log });

export const notify = middy()
  .use(logInvocation(log, Date.now))
  .use(retryBatch(log))
  .handler(
    worker.answer(async () => {
      if (!notifyNodes) throw new Error('this function was not started as the notifier: its handler must be `notify`');
      await notifyNodes();
    }),
  );

function handles(name: string): boolean {
  return env['_HANDLER']?.endsWith(name) ?? false;
}

async function openApi() {
  const { openServerless } = await import('./serverless/open.ts');
  return openServerless({ settings, store, heartbeats, relays, queue, log, env, writes: handles('.buffered') });
}

async function openNotifying() {
  const { openNotifier } = await import('./serverless/notifier.ts');
  const { createReplicas } = await import('../../core/replica/replicas.ts');
  return openNotifier({ replicas: createReplicas(store), queue, heartbeats, log });
}

type Respond<T> = (response: ApiResponse, done: () => void) => Promise<T>;

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
