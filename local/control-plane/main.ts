// The control plane's process. The API server lives on the main thread with the store's file; scheduler and controllers on a
// worker thread, so that a long scheduling pass never stalls a request (D11). Ready when it answers; ends on SIGTERM.

import '../../core/process/frozen-intrinsics.ts';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { frontProxyName } from '../../core/cluster/front-proxy.ts';
import { clustersAdmission } from '../../core/hosted/admission.ts';
import { apiAddress, dnsAddresses } from '../../core/kinds/allocate/dns-address.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { type Family, labelsOf } from '../../core/metrics/family.ts';
import { giveBackIdleMemory } from '../../core/process/idle-memory.ts';
import { createLog } from '../../core/process/log.ts';
import { surviveUnhandledRejections } from '../../core/process/unhandled-rejections.ts';
import { createLocalQueue } from '../../core/queue/local/local-queue.ts';
import { ensureAddons } from '../../core/registry/addons.ts';
import { createAdmissionMetrics } from '../../core/registry/admission/metrics.ts';
import { bootstrap } from '../../core/registry/bootstrap.ts';
import { openInProcess } from '../../core/registry/in-process.ts';
import { reachEndpoints } from '../../core/registry/reach.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { startCompaction } from '../../core/store/compaction.ts';
import { openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { encryptedStore } from '../../core/store/encrypted/encrypted-store.ts';
import { meterStore } from '../../core/store/metered-store.ts';
import { serveStore } from '../../core/store/port.ts';
import type { Audit } from '../../functions/apiserver/audit/audit.ts';
import type { ConfiguredAuthentication } from '../../functions/apiserver/authentication/jwt/configured-authentication.ts';
import { nodeTokens } from '../../functions/apiserver/authentication/node-tokens.ts';
import { readYamlIn } from '../../functions/apiserver/content/body.ts';
import { createYamlThread } from '../../functions/apiserver/content/yaml-thread.ts';
import { createApiServer } from '../../functions/apiserver/handler.ts';
import { kubeconfigResponder } from '../../functions/apiserver/hosted/kubeconfig-responder.ts';
import { createInstaller } from '../../functions/apiserver/install/installer.ts';
import { createJoining } from '../../functions/apiserver/node/joining.ts';
import { storedNodes } from '../../functions/apiserver/node/stored-nodes.ts';
import { type Handler, serve } from '../../functions/apiserver/serve.ts';
import { serveBehind } from '../../functions/apiserver/serve-behind.ts';
import { createLazyStreamHandler } from '../../functions/apiserver/streams/lazy-stream-handler.ts';
import { type Cluster, nodeAddress, readCluster } from '../cluster.ts';
import { defaultLimits } from '../cluster-limits.ts';
import { type Clusters, openClusters } from '../clusters/clusters.ts';
import { withClusters } from '../clusters/front.ts';
import { apiSocket } from '../clusters/made-cluster.ts';
import { storedKubeconfig } from '../clusters/stored-kubeconfig.ts';
import { boundedStore } from '../clusters/within/bounded-store.ts';
import { makeWithin } from '../clusters/within/make-within.ts';
import { nodeCertificates } from '../clusters/within/node-certificates.ts';
import { tellHost } from '../clusters/within/tell-host.ts';
import { openEncryption, unreadable } from '../live-encryption.ts';
import { agentProgramsDir, readAgentPrograms } from './agent-programs.ts';
import { controllersToken, serveApi } from './api-port.ts';
import { serveControlSocket } from './control-socket.ts';
import { keepRenewed, openLiveKeys } from './live-keys.ts';
import { reachFromHere } from './reach-from-here.ts';
import { serveWebhooks } from './webhook-port.ts';
import type { WorkerData } from './worker.ts';
import { workerChecks, workerFamilies } from './worker-checks.ts';
import { askWorker } from './worker-port.ts';

// Whatever is written here is the cluster's: its state, logs and sockets.
process.umask(0o077);
const [dataDir = '', ...flags] = process.argv.slice(2);
const cluster = readCluster(dataDir);
if (!cluster) throw new Error(`no cluster in ${dataDir}`);
const log = createLog(process.env['ZEROPLANE_LOG']);
surviveUnhandledRejections(log);
const { within } = cluster;
let stopping = false;
if (within) await makeWithin(cluster);
const pki = (file: string) => readFileSync(join(dataDir, 'pki', file), 'utf8');
const keys = openLiveKeys(join(dataDir, 'pki'));

const state = openEmbeddedStore(join(dataDir, 'state.db'));
const encryption = await openEncryption(dataDir, cluster.encryptionProviderConfig);
const { heartbeats } = state;
// All that is asked of the store comes through here: this thread's requests, and the worker's.
const encrypted = encryptedStore(state, encryption);
const bounded = within ? boundedStore(encrypted, dataDir, within.maximumBytes) : encrypted;
const metered = meterStore({ ...bounded, heartbeats });
const { store } = metered;
const lost = await unreadable(store, encryption);
if (lost.length > 0) {
  const more = lost.length > 10 ? `; and ${lost.length - 10} more` : '';
  const what = `${lost.slice(0, 10).join('; ')}${more}`;
  if (!flags.includes('--ignore-unreadable')) {
    log.fatal(
      {},
      `${what}. Where its key is lost for good: start with --ignore-unreadable, and delete it (docs/encryption.md)`,
    );
    process.exit(1);
  }
  log.error({}, `${what}. Lists of them fail until they are deleted (docs/encryption.md)`);
}
// Clients that were away for longer than this holds list anew.
const replicas = createReplicas(store, { windowBytes: 8 * 1024 * 1024 });
const { serviceCIDR, clusterDomain, shutdownDelayMs = 0, historyMs } = cluster;
const admissionMetrics = createAdmissionMetrics();
const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
const streams = createLazyStreamHandler(async () => {
  const { createStreamHandler } = await import('../../functions/apiserver/streams/stream-handler.ts');
  return createStreamHandler({ queue });
});
// Addresses of the pods of a hosted cluster are others' on this machine.
const reach = within ? reachEndpoints({ connectPod: streams.connect }) : reachFromHere(replicas, streams.connect);
const limits = within ? undefined : { ...defaultLimits, ...cluster.clusters };
const { definitions, registry, callWebhook } = openInProcess(store, replicas, {
  ...{ serviceCIDR, clusterDomain, admissionMetrics, reach },
  ...(limits && {
    admission: [clustersAdmission({ copies: true, most: limits.most, moreBy: '`zeroplane up --clusters N`' })],
  }),
});
await bootstrap(registry, definitions, {
  // Of a hosted cluster nothing listens on this address: each node answers for itself (agent/pod-api).
  ...(within ? { advertiseAddress: '192.0.2.1', port: 443 } : { advertiseAddress: nodeAddress(), port: cluster.port }),
  serviceCIDR,
  extensionAuthentication: {
    clientCA: pki('ca.crt'),
    requestHeaderCA: pki('front-proxy-ca.crt'),
    allowedNames: [frontProxyName],
  },
});
await ensureAddons(registry, definitions, serviceCIDR);

let closeAudit: (() => void | Promise<void>) | undefined;
const issuer = `https://kubernetes.default.svc.${clusterDomain}${within?.path ?? ''}`;
const now = () => new Date();
const nodeCredentials = nodeTokens({ issuer, keys: keys.signingKeys, now, ...storedNodes(store) });
const audited = await auditing(cluster);
const configured = await authentication(cluster.authenticationConfig);
const forControllers = controllersToken();
const { port1: questions, port2: questionsForWorker } = new MessageChannel();
const askingWorker = askWorker(questions);
const api = await createApiServer({
  registry,
  definitions,
  store,
  replicas,
  queue,
  heartbeats,
  serviceAccounts: {
    issuer,
    keys: keys.signingKeys,
  },
  staticTokens: [
    { token: pki('admin.token').trim(), user: { username: 'zeroplane-admin', groups: ['system:masters'] } },
    forControllers,
  ],
  ...configured,
  tokenAuthenticators: [nodeCredentials, ...(configured.tokenAuthenticators ?? [])],
  installer: createInstaller({
    // What machines see of a hosted cluster is the host's certificate, and they get the host's agent.
    authority: () => (within ? readFileSync(within.authority, 'utf8') : pki('ca.crt')),
    programs: () => readAgentPrograms(agentProgramsDir(within?.hostDir ?? dataDir)),
  }),
  joining: createJoining({
    tokens: nodeCredentials,
    queue,
    // Nodes poll at the API server itself, with their own credential.
    credentials: { issue: async () => ({ kind: 'api' }) },
    ...(within && { certify: nodeCertificates(cluster) }),
    registry,
    definitions,
    cluster: {
      clusterCIDR: cluster.podCIDR,
      serviceCIDR,
      clusterDNS: dnsAddresses(serviceCIDR).join(','),
      apiAddress: apiAddress(serviceCIDR),
      clusterDomain,
      heartbeatSeconds: 10,
      resyncSeconds: 30,
    },
  }),
  ...audited,
  streams,
  reach,
  callWebhook,
  flowControl: {},
  frontProxy: keys.frontProxy,
  checks: workerChecks(askingWorker),
  ...(limits && {
    responders: [kubeconfigResponder({ registry, kubeconfigOf: storedKubeconfig(dataDir, () => required(clusters)) })],
  }),
  moreMetrics: async () => [
    ...metered.families(),
    ...admissionMetrics.families(),
    storageSize(),
    ...(await workerFamilies(askingWorker)),
  ],
  log,
});

const { port1, port2 } = new MessageChannel();
serveStore(store, port1);
const { port1: apiPort, port2: apiForWorker } = new MessageChannel();
serveApi(api.handle, forControllers, apiPort);
const { port1: webhookPort, port2: webhooksForWorker } = new MessageChannel();
serveWebhooks(callWebhook, webhookPort);
const workerData: WorkerData = {
  store: port2,
  api: apiForWorker,
  questions: questionsForWorker,
  webhooks: webhooksForWorker,
  serviceCIDR,
  clusterDomain,
  podCIDR: cluster.podCIDR,
  caCertificate: pki('ca.crt'),
  caKeyFile: join(dataDir, 'pki', 'ca.key'),
  signingKeyFile: join(dataDir, 'pki', 'service-account.key'),
  volumeDirectory: join(dataDir, 'volumes'),
  logLevel: log.level,
};
const worker = new Worker(new URL('./control-plane-worker.mjs', import.meta.url), {
  workerData,
  transferList: [port2, apiForWorker, questionsForWorker, webhooksForWorker],
});
worker.on('error', (err) => {
  // Without controllers the cluster would look alive and do nothing: end, so that whoever watches starts both again.
  log.fatal({ err }, 'the controllers ended');
  process.exit(1);
});

readYamlIn(createYamlThread({ program: new URL('./yaml-worker.mjs', import.meta.url) }));

const compaction = startCompaction(store, {
  policy: {
    ...(historyMs !== undefined && { keepMs: historyMs }),
    // Of a hosted cluster's bytes, what is is to take more than what was.
    ...(cluster.within && { maximumEntries: 5000 }),
  },
});
const rotateEncryption = () => encryption.rotate(state, encrypted);
const control = serveControlSocket(dataDir, state, keys, rotateEncryption);
const clusters: Clusters | undefined =
  limits &&
  (await openClusters({
    host: cluster,
    limits,
    program: fileURLToPath(import.meta.url),
    registry,
    definitions,
    replicas,
    log,
  }));
const serving = within
  ? await serveWithin()
  : await serveOnPort(clusters ? withClusters(api, clusters, log, audited.audit) : api);
const stopRenewing = keepRenewed(cluster, keys, {
  now: Date.now,
  onError: (err) => log.error({ err }, 'certificates that end soon could not be renewed'),
});
log.info(within ? { path: within.path } : { port: cluster.port }, 'serving');
if (within) tellHost({ backup: (path) => state.backup(path), work: askingWorker.work, end: stop });
if (encryption.unfinished) void resumeRotation();
giveBackIdleMemory(() => replicas.forgetObjects());

/** The port of this machine's cluster. */
async function serveOnPort(handler: Handler): Promise<{ close(graceMs: number): Promise<void> }> {
  const onPort = await serve(handler, {
    // Of both families where pods have both.
    host: cluster?.podCIDR.includes(',') ? '::' : '0.0.0.0',
    port: cluster?.port ?? 0,
    tls: keys.tls(),
    onError: (err) => log.error({ err }, 'a request could not be answered'),
  });
  keys.onReload(() => onPort.useCertificate(keys.tls()));
  return onPort;
}

/** Behind the one that hosts this cluster. */
function serveWithin(): Promise<{ close(graceMs: number): Promise<void> }> {
  return serveBehind(api, {
    path: apiSocket(dataDir),
    clientCA: () => String(keys.tls().clientCA),
    onError: (err) => log.error({ err }, 'a request could not be answered'),
  });
}

async function authentication(file: string | undefined): Promise<Partial<ConfiguredAuthentication>> {
  if (file === undefined) return {};
  const { configuredAuthentication } = await import(
    '../../functions/apiserver/authentication/jwt/configured-authentication.ts'
  );
  return configuredAuthentication(readFileSync(file, 'utf8'), { ownIssuer: issuer, now: () => new Date(), log });
}

function storageSize(): Family {
  const value = statSync(join(dataDir, 'state.db')).size;
  const labels = labelsOf({ storage_cluster_id: 'etcd-0' });
  const help = "Bytes of the store's file.";
  return { name: 'apiserver_storage_size_bytes', type: 'gauge', help, series: [{ labels, value }] };
}

/** Loaded where there is a policy. */
async function auditing({ auditPolicyFile, auditLog }: Cluster): Promise<{ readonly audit?: Audit }> {
  if (auditPolicyFile === undefined) return {};
  const { createAudit } = await import('../../functions/apiserver/audit/audit.ts');
  const { readAuditPolicy } = await import('../../functions/apiserver/audit/policy.ts');
  const { auditOutput } = await import('../../functions/apiserver/audit/audit-lines.ts');
  const { openAuditFile } = await import('./audit-file.ts');
  const { path, maxMegabytes, maxBackups, maxAgeDays } = auditLog;
  const policy = await readAuditPolicy(readFileSync(auditPolicyFile, 'utf8'));
  if (path === '-') {
    const lines = auditOutput();
    closeAudit = lines.flush;
    return { audit: createAudit(policy, lines, Date.now) };
  }
  const file = openAuditFile({
    ...{ path, maxBackups, maxAgeDays, now: Date.now },
    maxBytes: maxMegabytes * 1024 * 1024,
    onError: (err) => log.error({ err, path }, 'the audit log cannot be written: requests go on without it'),
  });
  closeAudit = file.close;
  return { audit: createAudit(policy, file, Date.now) };
}

/** A rotation of encryption keys that an end came between. */
async function resumeRotation(): Promise<void> {
  try {
    log.info(await rotateEncryption(), 'what former encryption keys sealed is sealed with the one of now');
  } catch (err) {
    log.error({ err }, 'encryption keys could not be rotated: `keys rotate encryption` tries it again');
  }
}

for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => void stop());

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  api.beginShutdown();
  // Who sends requests here by /readyz has to see it fail first. Until then all of them are answered, on new connections too.
  if (shutdownDelayMs > 0) log.info({ shutdownDelayMs }, 'not ready any more, and ends when this is over');
  await delay(shutdownDelayMs);
  await serving.close(1000);
  await clusters?.close();
  await closeAudit?.();
  await worker.terminate();
  compaction.stop();
  control.close();
  stopRenewing();
  api.close();
  replicas.close();
  await store.close();
  process.exit(0);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new StatusError('ServiceUnavailable', 'clusters are not served yet: try again');
  return value;
}
