// The node agent, composed: runtime, network, pods, and the line to the control plane.

import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { PolicyPeer } from '../core/node/policy-peers.ts';
import type { DialRequest, ReceivedResource } from '../core/node/protocol.ts';
import type { EventLog } from '../core/process/log.ts';
import type {
  V1ConfigMap,
  V1EndpointSlice,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1RuntimeClass,
  V1Secret,
  V1Service,
} from '../generated/kubernetes.ts';
import { type ApiClient, createApiClient } from './api-client/api-client.ts';
import { type Backoff, createBackoff } from './backoff.ts';
import { createControlPlane } from './control-plane/control-plane.ts';
import { Reporter } from './control-plane/reporter.ts';
import { pacedRuntime } from './cri/paced-runtime.ts';
import type { ContainerRuntime } from './cri/runtime.ts';
import { createEviction, evictionIntervalMs } from './eviction/eviction.ts';
import { parseThresholds } from './eviction/thresholds.ts';
import { collectImages } from './images/collect.ts';
import { createImages } from './images/images.ts';
import { openPullRecords } from './images/pull-records.ts';
import { createNodeNetwork } from './node/node-network.ts';
import { readNodeFacts } from './node/node-status.ts';
import { createReach, nodeEvent } from './node/reach.ts';
import { createSelfReport, statusIntervalMs } from './node/self-report.ts';
import type { NodeApiContext } from './node-api/context.ts';
import type { AgentOptions } from './options.ts';
import type { Platform } from './platform/platform.ts';
import { asPod } from './pod/pod.ts';
import type { NodePods } from './pods/node-pods.ts';
import { createNodePods } from './pods/node-pods.ts';
import type { PodContext, PodObjects } from './pods/pod-context.ts';
import { isUnderWay } from './pods/under-way.ts';
import { createProbeMetrics } from './probes/probe-metrics.ts';
import { createNodeQueue } from './queue/node-queue.ts';
import { agentPaths } from './state.ts';
import { createUsageSampler } from './stats/usage.ts';
import { createLocalPathVolumes } from './volumes/local-path.ts';
import { createPodVolumes } from './volumes/pod-volumes.ts';
import { requestToken } from './volumes/request-token.ts';
import { createTokenSource } from './volumes/tokens.ts';
import { createVolumeUsage } from './volumes/volume-usage.ts';

/** What a stream needs of the agent. */
export interface StreamContext {
  readonly options: AgentOptions;
  readonly api: ApiClient;
  readonly pods: NodePods;
  readonly runtime: ContainerRuntime;
  readonly logsDir: string;
  readonly node: NodeApiContext;
  readonly log: EventLog;
}

export interface Agent {
  /** Pods and containerd run on. */
  stop(): Promise<void>;
}

const collectMs = 300_000;

/** `serveStream` serves a client's exec, attach, port-forward or log. */
export async function startAgent(
  platform: Platform,
  options: AgentOptions,
  log: EventLog,
  serveStream: (stream: DialRequest, context: StreamContext) => Promise<void>,
): Promise<Agent> {
  const now = Date.now;
  const startedAt = now();
  const random = Math.random;
  const paths = agentPaths(options.dataDir);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  await platform.protect?.(options.dataDir);
  const api = createApiClient(options.credentials);
  const [{ runtime, snapshots, version, release }, dns] = await Promise.all([
    platform.openRuntime(options, log),
    platform.dns(options),
    platform.volumes.prepareRoots(paths.pods, paths.memory),
  ]);
  const logs = await platform.claimLogs({ dataDir: options.dataDir, own: paths.logs }, log);
  const usage = createUsageSampler(runtime, options.nodeName, platform.machine);
  const nodeIPv6 = options.clusterCIDR.includes(',') ? options.nodeIPv6 : undefined;
  const hostIPs = [options.nodeIP, ...(nodeIPv6 === undefined ? [] : [nodeIPv6])];
  const facts = await readNodeFacts({ ...options, nodeIPv6, runtime: version, machine: platform.machine });
  const capacity = { cpu: facts.cpu, memory: facts.memory };

  const paced = pacedRuntime(runtime, Math.max(3, facts.cpu + 1));

  /** Of pods whose status the API does not take. */
  const refusals = new Map<string, Backoff>();
  const reporter = new Reporter({
    send: (report) => controlPlane.report(report),
    onPod: (report, answer) => {
      if (answer.code === 200 || answer.code === 404) refusals.delete(report.uid);
      if (answer.code === 200) return;
      log.warn({ pod: `${report.namespace}/${report.name}`, ...answer }, 'a pod status was not taken');
      // Gone from the API: the desired state says so too. Anything else is tried again.
      if (answer.code === 404) return controlPlane.fetch();
      const backoff = refusals.get(report.uid) ?? createBackoff(2000, 300_000, random);
      refusals.set(report.uid, backoff);
      setTimeout(() => pods.get(report.uid)?.reportAgain(), backoff.next()).unref();
    },
    onNode: (node) => network.setUp(node),
    onFailure: (error) => log.warn({ error: String(error) }, 'a report was not answered; trying again'),
    onAnswer: () => undefined,
    isStarting: paced.isStarting,
    random,
    now,
  });

  const localPath = createLocalPathVolumes({
    nodeName: options.nodeName,
    files: platform.volumes.files,
    stateFile: paths.localPath,
    log,
  });
  const controlPlane = createControlPlane({
    api,
    nodeName: options.nodeName,
    stateFile: paths.state,
    random,
    queue: options.queue ?? createNodeQueue(api, options.nodeName),
    ...(options.resyncMs !== undefined && { resyncMs: options.resyncMs }),
    log,
    onDesired: (changed, confirmed) => {
      const wanted = objects
        .list<V1Pod>('pods')
        .map(asPod)
        .filter((pod) => pod !== undefined);
      pods.apply(wanted, confirmed);
      void localPath.apply(objects.list<V1PersistentVolume>('persistentvolumes'), confirmed);
      if ([...changed].some((resource) => podInputs.has(resource))) pods.changed('objects');
      const node = objects.get<V1Node>('nodes', options.nodeName);
      if (node) network.setUp(node);
      if (changed.size === 0 || [...changed].some((resource) => networkInputs.has(resource))) network.apply();
    },
    onStream: (stream) => {
      const node = {
        options,
        pods: () => pods.all(),
        runtime,
        usage,
        health: self.health,
        apiMetrics: api.metrics.families,
        machine: platform.machine,
        files: platform.volumes.files,
        cgroups: cgroupSource,
        pauseImage: options.pauseImage ?? platform.pauseImage,
        volumes: volumeUsage,
        probeMetrics,
        startedAt,
        systemLogs: platform.systemLogs,
        now,
      };
      void serveStream(stream, { options, api, pods, runtime, logsDir: logs.logsDir, node, log });
    },
  });
  const { objects } = controlPlane;
  const podObjects: PodObjects = {
    configMap: (namespace, name) => objects.get<V1ConfigMap>('configmaps', name, namespace),
    secret: (namespace, name) => objects.get<V1Secret>('secrets', name, namespace),
    claim: (namespace, name) => objects.get<V1PersistentVolumeClaim>('persistentvolumeclaims', name, namespace),
    volume: (name) => objects.get<V1PersistentVolume>('persistentvolumes', name),
    services: (namespace) =>
      objects
        .list<V1Service>('services')
        .filter(
          ({ metadata }) =>
            metadata?.namespace === namespace || (metadata?.namespace === 'default' && metadata.name === 'kubernetes'),
        ),
    node: () => objects.get<V1Node>('nodes', options.nodeName),
    runtimeHandler: (name) => objects.get<V1RuntimeClass>('node.k8s.io/runtimeclasses', name)?.handler,
  };

  const shared = { nodeName: options.nodeName, hostIPs, podsDir: paths.pods, allocatable: capacity };
  const verification = { policy: options.imageVerification, allowlist: options.preloadedImagesAllowlist };
  const pullRecords = await openPullRecords(path.join(options.dataDir, 'image_manager'), verification, runtime);
  const images = createImages(runtime, pullRecords);
  const { host, cgroups, podUses, cgroupSource } = await platform.pods({
    agent: options,
    runtime,
    capacity,
    cgroupRoot: paths.cgroupRoot(options.nodeName),
  });
  const probeMetrics = createProbeMetrics();
  const event: PodContext['event'] = (pod, type, reason, message, container) => {
    const { namespace, name = '', uid = '' } = pod.metadata ?? {};
    const fieldPath = container ? { fieldPath: `spec.containers{${container}}` } : {};
    reporter.event({
      regarding: { apiVersion: 'v1', kind: 'Pod', ...(namespace && { namespace }), name, uid, ...fieldPath },
      type,
      reason,
      message,
      time: new Date(now()).toISOString(),
    });
  };
  const csi = await platform.openCsi?.({
    api,
    nodeName: options.nodeName,
    dataDir: options.dataDir,
    ownDirectory: paths.kubelet,
    onChange: () => self.send(),
    log,
  });
  const imageVolumes = platform.imageVolumes?.({ runtime, images, snapshots, secret: podObjects.secret });
  const volumeParts = {
    ...shared,
    objects: podObjects,
    tokens: createTokenSource(requestToken(api), now),
    host: platform.volumes,
    ...(imageVolumes && { images: imageVolumes }),
    ...(csi && { csi: csi.volumes }),
  };
  const volumeUsage = createVolumeUsage({
    parts: volumeParts,
    podsDir: paths.pods,
    pods: () => pods.all().map(({ pod }) => pod),
    now,
  });
  const pods = createNodePods({
    ...shared,
    runtime: paced,
    runtimeName: version.runtimeName,
    nodeHostname: os.hostname(),
    logsDir: logs.logsDir,
    logLinks: logs.links,
    host,
    dns,
    objects: podObjects,
    volumes: createPodVolumes({ ...volumeParts, memoryDir: paths.memory }),
    images,
    cgroups,
    probeMetrics,
    networkFailure: () => network.failure,
    refusalUnderPressure: (pod) => eviction.refusal(pod),
    log,
    now,
    report: (pod, status, terminated) => {
      const { namespace, name, uid } = pod.metadata;
      // A PodStatus is a plain JSON object.
      const plain = status as unknown as Record<string, unknown>;
      reporter.pod(
        { namespace, name, uid, status: plain, ...(terminated && { terminated }) },
        !terminated && isUnderWay(status),
      );
      network.apply();
    },
    event,
  });

  const tellOfNode = (reason: Parameters<typeof nodeEvent>[2], message: string) => {
    const uid = objects.get<V1Node>('nodes', options.nodeName)?.metadata?.uid;
    if (uid !== undefined) reporter.event(nodeEvent(options.nodeName, uid, reason, message, now()));
  };
  const reach = createReach(options.nodeName);
  const network = createNodeNetwork({
    options,
    createNetwork: platform.network,
    onUnreached: (nodes, others) => {
      for (const message of reach.update(nodes, others)) tellOfNode('PodNetworkUnreachable', message);
      void self.send().catch(failed);
    },
    onUndone: (what) => {
      log.warn({ what }, 'the network does not do all that the cluster asks of it');
      tellOfNode('PodNetworkLimited', what);
    },
    wanted: () => ({
      services: objects.list<V1Service>('services'),
      endpointSlices: objects.list<V1EndpointSlice>('discovery.k8s.io/endpointslices'),
      nodes: objects.list<V1Node>('nodes'),
      networkPolicies: objects.list<V1NetworkPolicy>('networking.k8s.io/networkpolicies'),
      namespaces: objects.list<V1Namespace>('namespaces'),
      policyPeers: objects.list<PolicyPeer>('policypeers'),
      // What runs here is known here first.
      pods: objects.list<V1Pod>('pods').map((pod) => {
        const status = pods.get(pod.metadata?.uid ?? '')?.status;
        return status ? { ...pod, status } : pod;
      }),
    }),
    onSetUp: async () => {
      pods.changed('network');
      await self.send();
    },
    log,
  });
  const failed = (error: unknown) => log.warn({ error: String(error) }, 'a periodic task failed');
  const collect = () =>
    collectImages(runtime, pullRecords, options.dataDir, options.pauseImage ?? platform.pauseImage, log);
  const eviction = createEviction({
    thresholds: parseThresholds(options.evictionHard),
    observe: () => platform.machine.room(options.dataDir),
    measure: {
      runtime,
      nodeName: options.nodeName,
      podsDir: paths.pods,
      logsDir: logs.logsDir,
      podUses,
      sizesOf: platform.machine.sizesOf,
    },
    pods: () => pods.all(),
    reclaimDisk: collect,
    event: (pod, message) => event(pod, 'Warning', 'Evicted', message),
    onPressure: () => void self.send().catch(failed),
    log,
    now,
  });
  const self = createSelfReport({
    options,
    facts,
    runtime,
    networkFailure: () => network.failure,
    networkUnavailable: reach.unavailable,
    topology: () => csi?.topology() ?? {},
    volumesInUse: () => csi?.volumes.inUse() ?? [],
    wireGuardKey: platform.overlayKey(options.dataDir),
    pressure: eviction.pressure,
    usage,
    reporter,
    log,
    now,
  });

  csi?.start();
  await pods.start();
  await logs.links?.sweep();
  await controlPlane.start();
  // A node that was set up before is not reported as unready while its network is taken up again: its pods would leave their Services.
  await (network.settingUp ?? self.send());
  const timers = [
    setInterval(() => void self.beat().catch(failed), statusIntervalMs),
    setInterval(() => void eviction.look(), evictionIntervalMs),
    setInterval(() => void collect().catch(failed), collectMs),
  ];

  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      controlPlane.stop();
      pods.stop();
      csi?.stop();
      await reporter.stop(1000);
      await network.stop();
      release();
      api.close();
    },
  };
}

const podInputs = new Set<ReceivedResource>([
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'persistentvolumes',
  'services',
  'node.k8s.io/runtimeclasses',
]);
const networkInputs = new Set<ReceivedResource>([
  'pods',
  'services',
  'discovery.k8s.io/endpointslices',
  'networking.k8s.io/networkpolicies',
  'namespaces',
  'nodes',
  'policypeers',
]);
