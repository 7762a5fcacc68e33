// All pods of a test node, as the agent runs them, without a control plane: what they report is kept.

import path from 'node:path';
import type { V1ConfigMap, V1Container, V1PodSpec, V1PodStatus } from '../generated/kubernetes.ts';
import type { OpenRuntime } from './cri/open-runtime.ts';
import { connectSnapshots } from './cri/snapshots.ts';
import { createImages } from './images/images.ts';
import { openPullRecords } from './images/pull-records.ts';
import { createLinuxPodHost } from './platform/linux/pod-host.ts';
import { linuxVolumeHost } from './platform/linux/volume-host.ts';
import type { Pod } from './pod/pod.ts';
import { createNodePods, type NodePods } from './pods/node-pods.ts';
import { createPodCgroups } from './pods/pod-cgroup.ts';
import type { PodContext } from './pods/pod-context.ts';
import { testSecurity } from './pods/test-pod.ts';
import { createProbeMetrics, type ProbeMetrics } from './probes/probe-metrics.ts';
import { busyboxImage, type TestNode } from './test-node.ts';
import { createImageVolumes } from './volumes/image-volume.ts';
import { createPodVolumes } from './volumes/pod-volumes.ts';
import { createTokenSource } from './volumes/tokens.ts';

export interface TestEvent {
  readonly pod: string;
  readonly reason: string;
  readonly message: string;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface TestPods {
  readonly pods: NodePods;
  readonly nodeName: string;
  /** By uid, as they were reported last. */
  readonly statuses: ReadonlyMap<string, V1PodStatus>;
  /** Of nothing is left. */
  readonly terminated: ReadonlySet<string>;
  readonly events: readonly TestEvent[];
  /** What the API has, by name. */
  readonly configMaps: Map<string, V1ConfigMap>;
  readonly probeMetrics: ProbeMetrics;
  readonly logsDir: string;
  /** The pods run on. */
  stop(): void;
}

/** `rest`: what is other than on every test node. `adopted`: a runtime in the place of its own. */
export async function startTestPods(
  node: TestNode,
  rest: Partial<PodContext> = {},
  adopted?: OpenRuntime,
): Promise<TestPods> {
  const { runtime, snapshots, version } = adopted ?? {
    runtime: node.containerd.runtime,
    snapshots: connectSnapshots(node.containerd.endpoint, node.options.snapshotter),
    version: { runtimeName: 'containerd' },
  };
  const statuses = new Map<string, V1PodStatus>();
  const terminated = new Set<string>();
  const configMaps = new Map<string, V1ConfigMap>();
  const events: TestEvent[] = [];
  const memoryDir = path.join(node.dataDir, 'memory');
  const logsDir = path.join(node.dataDir, 'logs');
  const shared = {
    nodeName: path.basename(node.dataDir),
    hostIPs: ['10.0.0.1'],
    podsDir: path.join(node.dataDir, 'pods'),
    objects: {
      configMap: (_: string, name: string) => configMaps.get(name),
      secret: () => undefined,
      claim: () => undefined,
      volume: () => undefined,
      services: () => [],
      node: () => undefined,
      runtimeHandler: () => undefined,
    },
    allocatable: { cpu: 2, memory: 2 ** 32 },
  };
  await linuxVolumeHost.prepareRoots(shared.podsDir, memoryDir);
  const records = await openPullRecords(
    path.join(node.dataDir, 'image_manager'),
    { policy: 'NeverVerifyPreloadedImages', allowlist: [] },
    runtime,
  );
  const images = createImages(runtime, records);
  const probeMetrics = createProbeMetrics();
  const pods = createNodePods({
    ...shared,
    runtime,
    runtimeName: version.runtimeName,
    nodeHostname: 'node',
    logsDir,
    logLinks: undefined,
    host: createLinuxPodHost({
      security: testSecurity({ seccompDir: path.join(node.dataDir, 'seccomp') }),
      capacity: shared.allocatable,
    }),
    dns: { servers: ['10.96.0.10'], domain: 'cluster.local', host: { servers: [], searches: [], options: [] } },
    volumes: createPodVolumes({
      ...shared,
      memoryDir,
      host: linuxVolumeHost,
      tokens: createTokenSource(() => Promise.resolve({ token: 'token', expiresAt: Date.now() + 3_600_000 }), Date.now),
      images: createImageVolumes({ runtime, images, snapshots, secret: () => undefined }),
    }),
    images,
    cgroups: await createPodCgroups(node.cgroupRoot, 1024),
    probeMetrics,
    networkFailure: () => undefined,
    refusalUnderPressure: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now: Date.now,
    report: (pod, status, over) => {
      statuses.set(pod.metadata.uid, status);
      if (over) terminated.add(pod.metadata.uid);
    },
    event: (pod, _type, reason, message) =>
      void events.push({ pod: pod.metadata?.name ?? '', reason, message, at: Date.now() }),
    ...rest,
  });
  await pods.start();
  return {
    pods,
    nodeName: shared.nodeName,
    statuses,
    terminated,
    events,
    configMaps,
    probeMetrics,
    logsDir,
    stop: () => {
      pods.stop();
      snapshots?.close();
    },
  };
}

/** Its name is its uid. */
export function podOn(uid: string, spec: Partial<V1PodSpec> & { containers: V1Container[] }): Pod {
  return {
    metadata: { name: uid, namespace: 'default', uid, generation: 1, labels: { app: uid } },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 1, ...spec },
  };
}

/** Of busybox. */
export function scriptContainer(name: string, script: string, rest: Partial<V1Container> = {}): V1Container {
  return { name, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...rest };
}
