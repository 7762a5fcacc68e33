// The thread of scheduler and controllers: their own replicas and registry over the main thread's store.

import '../../core/process/frozen-intrinsics.ts';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type MessagePort, workerData } from 'node:worker_threads';
import { giveBackIdleMemory } from '../../core/process/idle-memory.ts';
import { createLog } from '../../core/process/log.ts';
import { surviveUnhandledRejections } from '../../core/process/unhandled-rejections.ts';
import { createAdmissionMetrics } from '../../core/registry/admission/metrics.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import { openInProcess } from '../../core/registry/in-process.ts';
import { objectFamilies } from '../../core/replica/object-families.ts';
import { replicasOfNow } from '../../core/replica/replicas.ts';
import { secretTokenSigner } from '../../core/signature/secret-token.ts';
import { connectStore } from '../../core/store/port.ts';
import { createWakeupTimers } from '../../core/work/wakeup-timers.ts';
import { controllers } from '../../functions/controllers/all.ts';
import { createQueueMetrics } from '../../functions/controllers/queue-metrics.ts';
import { type RunningControllers, startControllers } from '../../functions/controllers/run.ts';
import { createSchedulerMetrics } from '../../functions/scheduler/metrics.ts';
import { createPodEvents } from '../../functions/scheduler/pod-events.ts';
import { startScheduler } from '../../functions/scheduler/run.ts';
import { connectApi } from './api-port.ts';
import { connectWebhooks } from './webhook-port.ts';
import { answerQuestions } from './worker-port.ts';

export interface WorkerData {
  readonly store: MessagePort;
  /** For what is read through the API; without it nothing is. */
  readonly api?: MessagePort;
  /** Where the main thread asks whether this one answers, and what it counted. */
  readonly questions?: MessagePort;
  /** Where the main thread calls webhooks for this one. Without it they are called from here. */
  readonly webhooks?: MessagePort;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly podCIDR: string;
  /** PEM. */
  readonly caCertificate: string;
  /** File of the PEM key behind it: read when a certificate is to be signed. */
  readonly caKeyFile: string;
  /** File of the PEM key that signs tokens: read with each, since it is rotated. */
  readonly signingKeyFile: string;
  /** On every node: where volumes of the class local-path lie. */
  readonly volumeDirectory: string;
  readonly logLevel: string;
}

// as: main.ts is the only one that starts this thread.
const settings = workerData as WorkerData;
const logger = createLog(settings.logLevel);
surviveUnhandledRejections(logger);
// `part`: by which `zeroplane logs` tells apart who wrote.
const logOf = (part: string) => (message: string, error?: unknown) => logger.warn({ part, err: error }, message);
const log = logOf('controllers');

const queueMetrics = createQueueMetrics();
const schedulerMetrics = createSchedulerMetrics();
const admissionMetrics = createAdmissionMetrics();
let started = false;
let running: RunningControllers | undefined;
/** What controllers wait for; and all else that waits, which says nothing of when there is work. */
const dueTimers = createWakeupTimers(Date.now);
const timers = { setTimeout, clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout) };
if (settings.questions)
  answerQuestions(settings.questions, {
    started: () => started,
    quiet: () => started && running?.quiet === true,
    nextDue: () => dueTimers.nextDue(),
    families: () => [
      ...queueMetrics.families(),
      ...schedulerMetrics.families(),
      ...admissionMetrics.families(),
      // The garbage collector follows every type: here all of them are in memory.
      ...(started ? objectFamilies(parts.definitions, parts.replicas) : []),
    ],
  });

const store = connectStore(settings.store);
const parts = openInProcess(store, replicasOfNow(store), {
  ...{ serviceCIDR: settings.serviceCIDR, clusterDomain: settings.clusterDomain, admissionMetrics },
  ...(settings.webhooks && { callWebhook: connectWebhooks(settings.webhooks) }),
});
const events = createPodEvents({ ...parts, clock: Date.now, log: logOf('scheduler') });

await serveCustomResources({ ...parts, onError: (error) => log('custom resources', error) });
running = startControllers({
  ...parts,
  store,
  identity: `controllers-${randomUUID()}`,
  controllers: controllers({
    caCertificate: settings.caCertificate,
    authority: async () => ({ certificate: settings.caCertificate, key: await readFile(settings.caKeyFile, 'utf8') }),
    signSecretToken: secretTokenSigner(() => readFile(settings.signingKeyFile, 'utf8')),
    podCIDR: settings.podCIDR,
    volumeDirectory: settings.volumeDirectory,
    heartbeats: () => store.heartbeats.all(),
    ...(settings.api && { readApi: connectApi(settings.api) }),
  }),
  clock: Date.now,
  timers: dueTimers,
  resyncTimers: timers,
  random: Math.random,
  log,
  queueMetrics,
});
await startScheduler({
  ...parts,
  store,
  identity: `scheduler-${randomUUID()}`,
  clock: Date.now,
  timers,
  log: logOf('scheduler'),
  recordEvent: events.record,
  metrics: schedulerMetrics,
});
started = true;
giveBackIdleMemory(() => parts.replicas.forgetObjects());
