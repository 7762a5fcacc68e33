// What the node's own API knows of the node.

import type { Family } from '../../core/metrics/family.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { NodeHealth } from '../node/node-status.ts';
import type { AgentOptions } from '../options.ts';
import type { PodWorker } from '../pods/pod-worker.ts';
import type { ProbeMetrics } from '../probes/probe-metrics.ts';
import type { CgroupReader } from '../stats/cgroup-use.ts';
import type { UsageSampler } from '../stats/usage.ts';
import type { VolumeUsage } from '../volumes/volume-usage.ts';

export interface NodeApiContext {
  readonly options: Pick<
    AgentOptions,
    | 'nodeName'
    | 'nodeIP'
    | 'dataDir'
    | 'maxPods'
    | 'clusterDNS'
    | 'clusterDomain'
    | 'heartbeatMs'
    | 'providerID'
    | 'evictionHard'
  >;
  readonly pods: () => readonly Pick<PodWorker, 'pod' | 'status'>[];
  readonly runtime: Pick<ContainerRuntime, 'listContainers' | 'listContainerStats' | 'listPodSandbox' | 'imageFsInfo'>;
  readonly usage: Pick<UsageSampler, 'rate'>;
  readonly health: () => Promise<NodeHealth>;
  readonly cgroups: {
    readonly reader: CgroupReader;
    /** Of all pods of the node. */
    readonly root: string;
    /** Of one. */
    readonly pod: (uid: string) => string;
  };
  /** The image of sandboxes. */
  readonly pauseImage: string;
  readonly volumes: VolumeUsage;
  readonly probeMetrics: Pick<ProbeMetrics, 'families'>;
  /** What was asked of the API server. */
  readonly apiMetrics: () => readonly Family[];
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** The directory that `/logs/` shows. */
  readonly systemLogs: string;
  readonly now: () => number;
}
