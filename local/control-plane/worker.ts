// The thread of scheduler and controllers: their own replicas and registry over the main thread's store.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type MessagePort, workerData } from 'node:worker_threads';
import { loadDefinitions } from '../../core/api/definitions.ts';
import { giveBackIdleMemory } from '../../core/process/idle-memory.ts';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { connectStore } from '../../core/store/port.ts';
import { controllers } from '../../functions/controllers/all.ts';
import { startControllers } from '../../functions/controllers/run.ts';
import { startScheduler } from '../../functions/scheduler/run.ts';
import { createLog } from './log.ts';

export interface WorkerData {
  readonly store: MessagePort;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly podCIDR: string;
  /** PEM. */
  readonly caCertificate: string;
  /** File of the PEM key behind it: read when a certificate is to be signed. */
  readonly caKeyFile: string;
  /** On every node: where volumes of the class local-path lie. */
  readonly volumeDirectory: string;
  readonly logLevel: string;
}

// as: main.ts is the only one that starts this thread.
const settings = workerData as WorkerData;
const logger = createLog(settings.logLevel);
const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);

const store = connectStore(settings.store);
// Nothing here watches from the past.
const replicas = createReplicas(store, { windowEvents: 16 });
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
const timers = { setTimeout, clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout) };
const events = createEventRecorder(registry, () => definitions.ofType('events'), Date.now, log);
const schedulerContext = {
  user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] },
  warnings: [],
};

await serveCustomResources({ registry, replicas, definitions, onError: (error) => log('custom resources', error) });
startControllers({
  store,
  identity: `controllers-${randomUUID()}`,
  replicas,
  registry,
  definitions,
  controllers: controllers({
    caCertificate: settings.caCertificate,
    authority: async () => ({ certificate: settings.caCertificate, key: await readFile(settings.caKeyFile, 'utf8') }),
    podCIDR: settings.podCIDR,
    volumeDirectory: settings.volumeDirectory,
    heartbeats: () => store.heartbeats.all(),
  }),
  clock: Date.now,
  timers,
  random: Math.random,
  log,
});
await startScheduler({
  store,
  identity: `scheduler-${randomUUID()}`,
  replicas,
  registry,
  definitions,
  clock: Date.now,
  timers,
  log,
  recordEvent: (pod, event) => {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
    void events.record(schedulerContext, 'default-scheduler', about, event);
  },
});
giveBackIdleMemory(() => replicas.forgetObjects());
