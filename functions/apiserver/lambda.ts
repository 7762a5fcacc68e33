// The API server as Lambda functions: `stream` behind integrations that stream (reads, watches), `buffered` behind the others,
// `notify` on the queue of the node notifier. What else differs between the functions is their memory, time and rights (infra).

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { readSettings } from '../../core/cluster/settings.ts';
import { statusCodes } from '../../core/machinery/status.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { type InvocationContext, queueMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import type { ApiResponse } from './http.ts';
import type { ExtensionServersWork } from './serverless/extension-servers.ts';
import { type GatewayEvent, toApiRequest } from './serverless/gateway-event.ts';
import { toBuffered, toStreamed } from './serverless/gateway-response.ts';
import { requestMiddleware } from './serverless/request-middleware.ts';

/** A stream ends this long before its function's time is over, so that its client sees an end and no break. */
const reserveMs = 5_000;

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, env, log);
const {
  store,
  heartbeats,
  relays,
  claims,
  hosted: hostedStore,
} = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const queue = connectQueue(settings, env);
const worker = createWorkerFunction({ worker: 'notifier', queue, log });
const notifies = handles('.notify');
// Opened in the initialisation phase: the first request then waits for nothing.
const api = notifies
  ? undefined
  : await (handles('.watch') ? openWatches() : handles('.hosted') ? openHostedClusters() : openApi());
const notifying = notifies ? await openNotifying() : undefined;

export const stream = middy({ executionMode: executionModeStreamifyResponse })
  .use(requestMiddleware(meter, log, { streams: true }))
  .handler((event, context) => {
    // as: only API Gateway's integrations invoke this function.
    return answer(event as GatewayEvent, context, async (response, done) =>
      toStreamed(response, () => {
        done();
        meter.end();
      }),
    );
  });

/** Of the function that follows logs for plain watches. */
export const watch = stream;

/** Of the function that serves hosted clusters. */
export const hosted = stream;

export const buffered = middy()
  .use(requestMiddleware(meter, log))
  .handler((event, context) => {
    // as: as above.
    return answer(event as GatewayEvent, context, async (response, done) => {
      const result = await toBuffered(response);
      done();
      return result;
    });
  });

export const notify = middy()
  .use(queueMiddleware(meter, log))
  .handler(
    worker.answer(
      async () => {
        if (!notifying) throw new Error('this function was not started as the notifier: its handler must be `notify`');
        await notifying.idle();
      },
      { afterwards: async () => notifying?.end() },
    ),
  );

function handles(name: string): boolean {
  return env['_HANDLER']?.endsWith(name) ?? false;
}

async function openApi() {
  const { openServerless } = await import('./serverless/open.ts');
  const writes = handles('.buffered');
  return openServerless({
    ...{ settings, store, groups: store.groups, heartbeats, relays, claims, queue, log, env, meter, writes },
    hosted: hostedStore,
  });
}

async function openHostedClusters() {
  const { openHostedFront } = await import('./serverless/hosted/front.ts');
  return openHostedFront({ settings, store, claims, hosted: hostedStore, queue, log, meter });
}

async function openWatches() {
  const { openWatching } = await import('./serverless/watching.ts');
  return openWatching({ settings, store, claims, log, meter });
}

async function openNotifying() {
  const { openNotifier } = await import('./serverless/notifier.ts');
  const { replicasOfNow } = await import('../../core/replica/replicas.ts');
  const waking = worker.wakingOthers(store);
  const replicas = replicasOfNow(waking);
  const notifyNodes = await openNotifier({ replicas, queue, heartbeats, log });
  let extensions: ExtensionServersWork | undefined;
  return {
    async idle() {
      // Nodes wait for nobody else's server, and the start for none.
      await notifyNodes();
      if (!extensions) {
        const { openExtensionServers } = await import('./serverless/extension-servers.ts');
        const { timers } = worker;
        extensions = await openExtensionServers({ store: waking, replicas, relays, queue, settings, timers, log });
      }
      await extensions.idle();
    },
    end: async () => extensions?.end(),
  };
}

type Respond<T> = (response: ApiResponse, done: () => void) => Promise<T>;

async function answer<T>(event: GatewayEvent, context: InvocationContext, respond: Respond<T>): Promise<T> {
  if (!api) throw new Error('this function was started as the notifier');
  // Nobody tells a function that its client left, or that its time is over.
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), Math.max(0, context.getRemainingTimeInMillis() - reserveMs));
  const done = () => {
    clearTimeout(timer);
    api.answered();
  };
  try {
    const response = await api.handle(toApiRequest(event, ending.signal));
    if (isOurFailure(response.status)) meter.failed(reasonOf(response.status));
    return await respond(response, done);
  } catch (error) {
    done();
    throw error;
  }
}

/** 501 is what this cluster cannot do: the client's request, and no failure. */
function isOurFailure(code: number): boolean {
  return code >= 500 && code !== 501;
}

function reasonOf(code: number): string {
  return Object.entries(statusCodes).find(([, each]) => each === code)?.[0] ?? 'InternalError';
}
