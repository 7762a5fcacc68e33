// The API server as Lambda functions: `stream` behind integrations that stream (reads, watches), `buffered` behind the others,
// `notify` for the node notifier. What else differs between the functions is their memory, time and rights (infra).

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { workerMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import type { ExtensionServersWork } from './serverless/extension-servers.ts';

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, env, log);
const {
  store,
  heartbeats,
  relays,
  claims,
  wakes,
  hosted: hostedStore,
} = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const queue = connectQueue(settings, env);
const waking = connectWaking(settings, env, wakes);
const worker = createWorkerFunction({ worker: 'notifier', wakes, waking, log });
const notifies = handles('.notify');
// Opened in the initialisation phase: the first request then waits for nothing.
const http = notifies ? undefined : await openHttp();
const notifying = notifies ? await openNotifying() : undefined;

export const stream = http?.stream;

/** Of the function that follows logs for plain watches. */
export const watch = stream;

/** Of the function that serves hosted clusters. */
export const hosted = stream;

export const buffered = http?.buffered;

export const notify = middy()
  .use(workerMiddleware(meter, log))
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

async function openHttp() {
  const { httpHandlers } = await import('./serverless/http-handlers.ts');
  const opening = handles('.watch') ? openWatches() : handles('.hosted') ? openHostedClusters() : openApi();
  return httpHandlers(await opening, meter, log);
}

async function openApi() {
  const { openServerless } = await import('./serverless/open.ts');
  const writes = handles('.buffered');
  return openServerless({
    ...{ settings, store, groups: store.groups, heartbeats, relays, claims, queue, waking, log, env, meter, writes },
    hosted: hostedStore,
  });
}

async function openHostedClusters() {
  const { openHostedFront } = await import('./serverless/hosted/front.ts');
  return openHostedFront({ settings, store, claims, hosted: hostedStore, waking, log, meter });
}

async function openWatches() {
  const { openWatching } = await import('./serverless/watching.ts');
  return openWatching({ settings, store, claims, log, meter });
}

async function openNotifying() {
  const { openNotifier } = await import('./serverless/notifier.ts');
  const { replicasOfNow } = await import('../../core/replica/replicas.ts');
  const own = worker.wakingOthers(store);
  const replicas = replicasOfNow(own);
  const notifyNodes = await openNotifier({ replicas, queue, heartbeats, log });
  let extensions: ExtensionServersWork | undefined;
  return {
    async idle() {
      // Nodes wait for nobody else's server, and the start for none.
      await notifyNodes();
      if (!extensions) {
        const { openExtensionServers } = await import('./serverless/extension-servers.ts');
        const { timers } = worker;
        extensions = await openExtensionServers({ store: own, replicas, relays, queue, settings, timers, log });
      }
      await extensions.idle();
    },
    end: async () => extensions?.end(),
  };
}
