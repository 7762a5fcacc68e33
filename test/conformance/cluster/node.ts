// A simulated node: the real agent from its control plane's protocol down to the container runtime, which is in memory.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type ApiAnswer,
  type ApiClient,
  ApiError,
  type ApiRequestOptions,
} from '../../../agent/api-client/api-client.ts';
import { createControlPlane } from '../../../agent/control-plane/control-plane.ts';
import { Reporter } from '../../../agent/control-plane/reporter.ts';
import type { LinuxContainerResourcesInput } from '../../../agent/cri/messages.ts';
import { createImages } from '../../../agent/images/images.ts';
import { openPullRecords } from '../../../agent/images/pull-records.ts';
import { createLinuxPodHost } from '../../../agent/platform/linux/pod-host.ts';
import { linuxVolumeHost } from '../../../agent/platform/linux/volume-host.ts';
import { asPod } from '../../../agent/pod/pod.ts';
import type { PodCgroupLimits } from '../../../agent/pod/resources.ts';
import { createNodePods } from '../../../agent/pods/node-pods.ts';
import type { PodObjects } from '../../../agent/pods/pod-context.ts';
import { testSecurity } from '../../../agent/pods/test-pod.ts';
import { createProbeMetrics } from '../../../agent/probes/probe-metrics.ts';
import { createPodVolumes } from '../../../agent/volumes/pod-volumes.ts';
import { requestToken } from '../../../agent/volumes/request-token.ts';
import { createTokenSource } from '../../../agent/volumes/tokens.ts';
import type { TestApi } from '../../../functions/apiserver/testing/open-test-api.ts';
import type {
  V1ConfigMap,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1RuntimeClass,
  V1Secret,
  V1Service,
  V1Taint,
} from '../../../generated/kubernetes.ts';
import { createMemoryRuntime } from './memory-runtime.ts';
import type { Programs } from './programs.ts';

export interface NodeSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly V1Taint[];
  /** Over the standard one: 4 cores, 8 GiB, 110 pods. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Its pods' addresses are this machine's loopback ones (127.88.0.0/16), so that programs can listen there and are found. */
  readonly reachable?: boolean;
}

export interface NodeOptions extends NodeSpec {
  readonly api: TestApi;
  /** Below 250: the third byte of its pods' addresses. */
  readonly number: number;
  readonly programs: Programs;
  readonly now: () => number;
  readonly onProblem: (text: string) => void;
}

export interface SimulatedNode {
  readonly name: string;
  /** What a container has of the machine, by the id that pods' statuses give. */
  resourcesOf(containerID: string): LinuxContainerResourcesInput;
  /** The limits of a pod's cgroup. Fails when there is none. */
  cgroupOf(podUid: string): PodCgroupLimits;
  stop(): Promise<void>;
}

const standardCapacity = { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '100Gi' };

export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const { name, now, programs, number } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'simulated-node-'));
  const hostIP = `10.0.0.${number + 10}`;
  const log = {
    info: () => undefined,
    warn: (fields: object, text: string) => options.onProblem(`${name}: ${text} ${JSON.stringify(fields)}`),
    error: () => undefined,
  };
  const api = nodeClient(options.api, name);
  const runtime = createMemoryRuntime({
    programs,
    now,
    // The first three parts of the node's range, which has 24 bits.
    address: (n) => (podObjects.node()?.spec?.podCIDR ?? '').replace(/\.0\/24$/, `.${(n % 250) + 2}`),
  });
  const reporter = new Reporter({
    send: (report) => controlPlane.report(report),
    onPod: (report, { code }) => {
      if (code === 404) controlPlane.fetch();
      else if (code !== 200) setTimeout(() => pods.get(report.uid)?.reportAgain(), 100).unref();
    },
    onNode: () => undefined,
    onFailure: (error) => options.onProblem(`${name}: a report failed: ${String(error)}`),
    onAnswer: () => undefined,
    random: Math.random,
    now,
  });
  const { queue } = options.api;
  const queueName = `node-${name}`;
  const controlPlane = createControlPlane({
    api,
    nodeName: name,
    stateFile: path.join(folder, 'state.json'),
    random: Math.random,
    queue: {
      receive: (signal) => queue.receive(queueName, { waitSeconds: 20, max: 10, signal }),
      acknowledge: (receipts) => queue.acknowledge(queueName, receipts),
    },
    log,
    onDesired: (changed, confirmed) => {
      const wanted = objects
        .list<V1Pod>('pods')
        .map(asPod)
        .filter((pod) => pod !== undefined);
      pods.apply(wanted, confirmed);
      if (changed.size > 1 || !changed.has('pods')) pods.changed('objects');
    },
    onStream: () => undefined,
  });
  const { objects } = controlPlane;
  const podObjects: PodObjects = {
    configMap: (namespace, of) => objects.get<V1ConfigMap>('configmaps', of, namespace),
    secret: (namespace, of) => objects.get<V1Secret>('secrets', of, namespace),
    claim: (namespace, of) => objects.get<V1PersistentVolumeClaim>('persistentvolumeclaims', of, namespace),
    volume: (of) => objects.get<V1PersistentVolume>('persistentvolumes', of),
    services: (namespace) =>
      objects.list<V1Service>('services').filter((each) => each.metadata?.namespace === namespace),
    node: () => objects.get<V1Node>('nodes', name),
    runtimeHandler: (of) => objects.get<V1RuntimeClass>('node.k8s.io/runtimeclasses', of)?.handler,
  };
  const cgroups = new Map<string, PodCgroupLimits>();
  const allocatable = { cpu: 4, memory: 8 * 2 ** 30 };
  const shared = {
    nodeName: name,
    hostIPs: [hostIP],
    podsDir: path.join(folder, 'pods'),
    allocatable,
    objects: podObjects,
  };
  const pods = createNodePods({
    ...shared,
    runtime,
    runtimeName: 'containerd',
    nodeHostname: name,
    logsDir: path.join(folder, 'logs'),
    logLinks: undefined,
    host: createLinuxPodHost({
      security: testSecurity({ seccompDir: path.join(folder, 'seccomp') }),
      capacity: allocatable,
    }),
    dns: { servers: ['10.96.0.10'], domain: 'cluster.local', host: { servers: [], searches: [], options: [] } },
    volumes: createPodVolumes({
      ...shared,
      memoryDir: path.join(folder, 'memory'),
      host: linuxVolumeHost,
      tokens: createTokenSource(requestToken(api), now),
    }),
    images: createImages(
      runtime,
      await openPullRecords(
        path.join(folder, 'image_manager'),
        { policy: 'NeverVerifyPreloadedImages', allowlist: [] },
        runtime,
      ),
    ),
    cgroups: {
      parent: (uid) => `/${uid}`,
      async create(uid, limits) {
        // What is not limited now stays as it was, as with files of the kernel.
        cgroups.set(uid, { ...cgroups.get(uid), ...limits });
      },
      async remove(uid) {
        cgroups.delete(uid);
      },
    },
    probeMetrics: createProbeMetrics(),
    networkFailure: () => undefined,
    refusalUnderPressure: () => undefined,
    log,
    now,
    report: ({ metadata: { namespace, name: pod, uid } }, status, terminated) =>
      reporter.pod({
        namespace,
        name: pod,
        uid,
        // as: a PodStatus is a plain JSON object.
        status: status as unknown as Record<string, unknown>,
        ...(terminated && { terminated }),
      }),
    event: ({ metadata }, type, reason, message, container) => {
      const { namespace = '', name: pod = '', uid = '' } = metadata ?? {};
      const fieldPath = container ? { fieldPath: `spec.containers{${container}}` } : {};
      reporter.event({
        regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name: pod, uid, ...fieldPath },
        type,
        reason,
        message,
        time: new Date(now()).toISOString(),
      });
    },
  });

  await queue.create(queueName);
  if (options.reachable) {
    const spec = { podCIDR: `127.88.${number}.0/24`, ...(options.taints && { taints: options.taints }) };
    await options.api.post('/api/v1/nodes', { metadata: { name }, spec });
  }
  await pods.start();
  reporter.node({
    labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...options.labels },
    ...(options.taints && { spec: { taints: [...options.taints] } }),
    status: nodeStatus(options, hostIP, now()),
  });
  await controlPlane.start();
  return {
    name,
    resourcesOf: (id) => runtime.resourcesOf(id.replace('containerd://', '')),
    cgroupOf(uid) {
      const found = cgroups.get(uid);
      if (!found) throw new Error(`no cgroup of a pod ${uid}`);
      return found;
    },
    async stop() {
      controlPlane.stop();
      pods.stop();
      await reporter.stop(1000);
      runtime.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nodeStatus({ name, capacity: more }: NodeSpec, hostIP: string, now: number): Record<string, unknown> {
  const capacity = { ...standardCapacity, ...more };
  const at = new Date(now).toISOString().replace(/\.\d+/, '');
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  };
  return {
    capacity,
    allocatable: capacity,
    conditions: [ready],
    addresses: [
      { type: 'InternalIP', address: hostIP },
      { type: 'Hostname', address: name },
    ],
  };
}

/** The agent's line to the API server, without a network: as the node that it is. */
function nodeClient(t: TestApi, name: string): ApiClient {
  const as = { name: `system:node:${name}`, groups: ['system:nodes'] };
  const request = async (method: string, target: string, { body }: ApiRequestOptions = {}): Promise<ApiAnswer> => {
    const { status, text } = await t.call(method, target, { body, as });
    return { status, headers: {}, text };
  };
  return {
    credentials: { server: 'https://in.process' },
    metrics: { families: () => [] },
    request,
    json: async <T>(method: string, target: string, options?: ApiRequestOptions) => {
      const { status, text } = await request(method, target, options);
      if (status < 200 || status > 299) throw new ApiError(status, text);
      // as: the caller names the type that the API gives at this path.
      return JSON.parse(text) as T;
    },
    close: () => undefined,
  };
}
