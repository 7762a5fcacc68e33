// The parts of a cluster that a rollout runs on: the store and its replicas on this thread, as in the API server; controllers
// and scheduler on a worker thread, as on one machine, or on this one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Definitions } from '../../core/api/definition.ts';
import { loadDefinitions } from '../../core/api/definitions.ts';
import { bootstrap } from '../../core/registry/bootstrap.ts';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import type { Registry, RequestContext, Target } from '../../core/registry/registry.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { serveStore } from '../../core/store/port.ts';
import type { TypeName } from '../../core/store/store.ts';
import { controllers } from '../../functions/controllers/all.ts';
import { startControllers } from '../../functions/controllers/run.ts';
import { startScheduler } from '../../functions/scheduler/run.ts';
import type { WorkerData } from '../../local/control-plane/worker.ts';

export interface Cluster {
  readonly store: EmbeddedStore;
  readonly replicas: Replicas;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly context: RequestContext;
  target(type: TypeName, namespace?: string, name?: string, subresource?: string): Target;
  close(): Promise<void>;
}

const settings = { serviceCIDR: '10.96.0.0/16', clusterDomain: 'cluster.local', podCIDR: '10.128.0.0/9' };

export async function openCluster(oneThread: boolean): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'rollout-'));
  const store = openEmbeddedStore(join(directory, 'state.db'));
  const replicas = createReplicas(store);
  const definitions = loadDefinitions();
  const registry = createRegistry({
    store,
    replicas,
    definitions,
    clock: () => new Date(),
    random: systemRandom,
    ...settings,
  });
  await bootstrap(registry, definitions, {
    advertiseAddress: '10.0.0.1',
    port: 6443,
    serviceCIDR: settings.serviceCIDR,
  });
  const cluster = {
    store,
    replicas,
    registry,
    definitions,
    context: { user: { username: 'bench', groups: ['system:masters'] }, warnings: [] },
    target(type: TypeName, namespace?: string, name?: string, subresource?: string): Target {
      const definition = definitions.ofType(type);
      if (!definition) throw new Error(`${type} is not served`);
      return {
        definition,
        ...(namespace && { namespace }),
        ...(name && { name }),
        ...(subresource && { subresource }),
      };
    },
  };
  const stop = oneThread ? await startHere(cluster) : startWorker(store);
  return {
    ...cluster,
    async close() {
      await stop();
      replicas.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startWorker(store: EmbeddedStore): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  serveStore(store, port1);
  const workerData: WorkerData = {
    ...settings,
    store: port2,
    caCertificate: 'PEM',
    caKeyFile: '/dev/null',
    signingKeyFile: '/dev/null',
    volumeDirectory: '/var/lib/zeroplane/volumes',
    logLevel: 'warn',
  };
  const worker = new Worker(new URL('../../local/control-plane/worker.ts', import.meta.url), {
    workerData,
    transferList: [port2],
  });
  worker.on('error', (error) => {
    throw error;
  });
  return async () => {
    await worker.terminate();
    port1.close();
  };
}

async function startHere(cluster: Omit<Cluster, 'close'>): Promise<() => Promise<void>> {
  const { replicas, registry, definitions, store } = cluster;
  const log = (message: string, error?: unknown) => console.error(message, error);
  // as: Node's own timers take what they gave.
  const timers = { setTimeout, clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout) };
  const running = startControllers({
    store,
    identity: 'controllers',
    replicas,
    registry,
    definitions,
    controllers: controllers({
      caCertificate: 'PEM',
      podCIDR: settings.podCIDR,
      heartbeats: () => store.heartbeats.all(),
    }),
    clock: Date.now,
    timers,
    random: Math.random,
    log,
  });
  const events = createEventRecorder(registry, () => definitions.ofType('events'), Date.now, log);
  const context = { user: { username: 'system:kube-scheduler', groups: [] }, warnings: [] };
  const scheduler = await startScheduler({
    store,
    identity: 'scheduler',
    replicas,
    registry,
    definitions,
    clock: Date.now,
    timers,
    log,
    recordEvent(pod, event) {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
      void events.record(context, 'default-scheduler', about, event);
    },
  });
  return async () => {
    await Promise.all([running.stop(), scheduler.stop()]);
  };
}
