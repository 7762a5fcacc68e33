// What the node's own API knows of the node.

import type { Family } from '../../core/metrics/family.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { NodeFiles } from '../files/node-files.ts';
import type { NodeHealth } from '../node/node-status.ts';
import type { AgentOptions } from '../options.ts';
import type { PodWorker } from '../pods/pod-worker.ts';
import type { ProbeMetrics } from '../probes/probe-metrics.ts';
import type { Machine } from '../stats/machine.ts';
import type { RunningContainer } from '../stats/running-containers.ts';
import type { UsageSampler } from '../stats/usage.ts';
import type { VolumeUsage } from '../volumes/volume-usage.ts';
import type { CgroupRow } from './cgroup-row.ts';

/** What the cgroups of the node's pods tell. */
export interface CgroupSource {
  /** Of the machine, the pods and what runs of them; what ended is left out. Throws GrpcError. */
  rows(
    context: Pick<NodeApiContext, 'runtime' | 'options' | 'pods' | 'pauseImage' | 'startedAt'>,
    running: readonly RunningContainer[],
  ): Promise<CgroupRow[]>;
  /** `numbers`: `8:0`. `/dev/sda`, or undefined: no block device has them. */
  device(numbers: string): Promise<string | undefined>;
}

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
  readonly machine: Machine;
  readonly files: NodeFiles;
  /** Undefined: the system of the node has none. */
  readonly cgroups: CgroupSource | undefined;
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
