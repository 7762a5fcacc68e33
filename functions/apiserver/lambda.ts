// The API server as Lambda functions: `stream` behind integrations that stream (reads, watches), `buffered` behind the others,
// `notify` for the node notifier. What else differs between the functions is their memory, time and rights (infra).

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import type { ConnectedStore } from '../../core/store/dynamodb/connect.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { type InvocationContext, workerMiddleware } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import type { ExtensionServersWork } from './serverless/extension-servers.ts';

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, env, log);
const connection = [settings.table, settings.bucket, env, meter.throttled, settings.historyMs] as const;
const queue = connectQueue(settings, env);
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
  .handler(async (event: unknown, context: InvocationContext): Promise<void> => {
    if (!notifying) throw new Error('this function was not started as the notifier: its handler must be `notify`');
    await notifying(event, context);
  });

function handles(name: string): boolean {
  return env['_HANDLER']?.endsWith(name) ?? false;
}

async function openHttp() {
  const { httpHandlers } = await import('./serverless/http-handlers.ts');
  const { connectStore } = await import('../../core/store/dynamodb/connect.ts');
  const connected = connectStore(...connection);
  const open = handles('.watch') ? openWatches : handles('.hosted') ? openHostedClusters : openApi;
  return httpHandlers(await open(connected), meter, log);
}

async function openApi({ store, heartbeats, relays, claims, wakes, hosted }: ConnectedStore) {
  const { openServerless } = await import('./serverless/open.ts');
  const [waking, writes] = [connectWaking(settings, env, wakes), handles('.buffered')];
  return openServerless({
    ...{ settings, store, groups: store.groups, heartbeats, relays, claims, queue, waking, log, env, meter, writes },
    hosted,
  });
}

async function openHostedClusters({ store, claims, wakes, hosted }: ConnectedStore) {
  const { openHostedFront } = await import('./serverless/hosted/front.ts');
  return openHostedFront({
    settings,
    store,
    claims,
    hosted,
    waking: connectWaking(settings, env, wakes),
    log,
    meter,
  });
}

async function openWatches({ store, claims }: ConnectedStore) {
  const { openWatching } = await import('./serverless/watching.ts');
  return openWatching({ settings, store, claims, log, meter });
}

async function openNotifying() {
  const { openNotifier } = await import('./serverless/notifier.ts');
  const { replicasOfNow } = await import('../../core/replica/replicas.ts');
  const { createWorkerFunction } = await import('../../core/work/worker-function.ts');
  const { connectNotifier } = await import('../../core/store/dynamodb/connect-notifier.ts');
  const { store, heartbeats, relays, wakes } = connectNotifier(...connection);
  const waking = connectWaking(settings, env, wakes);
  const worker = createWorkerFunction({ worker: 'notifier', wakes, waking, log });
  const own = worker.wakingOthers(store);
  const replicas = replicasOfNow(own);
  const notifyNodes = await openNotifier({ replicas, queue, heartbeats, log });
  let extensions: ExtensionServersWork | undefined;
  const idle = async () => {
    // Nodes wait for nobody else's server, and the start for none.
    await notifyNodes();
    if (!extensions) {
      const { openExtensionServers } = await import('./serverless/extension-servers.ts');
      const options = { store: own, replicas, relays: await relays(), queue, settings, timers: worker.timers, log };
      extensions = await openExtensionServers(options);
    }
    await extensions.idle();
  };
  return worker.answer(idle, { afterwards: async () => extensions?.end() });
}
