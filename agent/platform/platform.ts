// All that is one system's alone, behind one interface: the agent is given its platform when it starts, and nothing else of it asks what
// system it runs on. linux/ and windows/ write one each, and `npm run check`
// holds that what both run reaches nothing of Linux (test/checks/platforms.ts).

import type { EventLog } from '../../core/process/log.ts';
import type { ApiClient } from '../api-client/api-client.ts';
import type { OpenRuntime, RuntimeOptions } from '../cri/open-runtime.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { PodUses } from '../eviction/measure.ts';
import type { Network, NetworkOptions } from '../network/contract.ts';
import type { CgroupSource } from '../node-api/context.ts';
import type { AgentOptions } from '../options.ts';
import type { NodeCapacity } from '../pod/resources.ts';
import type { MachineLogs } from '../pods/machine-logs.ts';
import type { PodCgroups } from '../pods/pod-cgroups.ts';
import type { PodHost } from '../pods/pod-host.ts';
import type { ClusterDns } from '../pods/sandbox-config.ts';
import type { Machine } from '../stats/machine.ts';
import type { ImageVolumeOptions, ImageVolumes } from '../volumes/image-volume.ts';
import type { VolumeHost } from '../volumes/volume-host.ts';
import type { CsiVolumes } from '../volumes/volume-type.ts';

export interface Platform {
  readonly os: 'linux' | 'windows';
  readonly machine: Machine;
  readonly volumes: VolumeHost;
  /** The directory that the node's own API shows as `/logs/`. */
  readonly systemLogs: string;
  /** Has a data directory read by nobody but who runs the agent, where the modes of its files do not say so. It is made where it is missing. */
  readonly protect?: (dataDir: string) => Promise<void>;
  /** The image of sandboxes, where no other is given. */
  readonly pauseImage: string;
  /** The runtime of this node. Throws GrpcError, and errors that say what to do. */
  openRuntime(options: RuntimeOptions, log: EventLog): Promise<OpenRuntime>;
  /** Where the logs of pods lie. `own`: in the data directory, where somebody else has the machine's. */
  claimLogs(directories: { readonly dataDir: string; readonly own: string }, log: EventLog): Promise<MachineLogs>;
  /** Where pods ask for names, and where this node's own resolvers are. */
  dns(options: Pick<AgentOptions, 'clusterDNS' | 'clusterDomain' | 'nodeIP'>): Promise<ClusterDns>;
  /** How pods are run. Throws GrpcError. */
  pods(options: PodPlatformOptions): Promise<PodPlatform>;
  /** Volumes that are the files of an image; without it they are refused. */
  readonly imageVolumes?: (options: ImageVolumeOptions) => ImageVolumes;
  /** Drivers of volumes; without it their volumes are refused. */
  readonly openCsi?: (options: CsiOptions) => Promise<NodeCsi>;
  network(options: NetworkOptions): Network;
  /** The public key by which other nodes tunnel to this one, made where there is none. Undefined: it has no tunnels. */
  overlayKey(dataDir: string): string | undefined;
  /** Takes everything that the agent of a data directory made off the machine; its data stays. */
  teardown(dataDir: string, log: EventLog): Promise<void>;
}

export interface PodPlatformOptions {
  readonly agent: AgentOptions;
  readonly runtime: ContainerRuntime;
  readonly capacity: NodeCapacity;
  /** Of all pods of this node, where the system has cgroups. */
  readonly cgroupRoot: string;
}

export interface PodPlatform {
  readonly host: PodHost;
  readonly cgroups: PodCgroups;
  readonly podUses: PodUses;
  /** Undefined: the system has no cgroups to tell of. */
  readonly cgroupSource: CgroupSource | undefined;
}

export interface CsiOptions {
  readonly api: ApiClient;
  readonly nodeName: string;
  readonly dataDir: string;
  /** In place of the machine's directory for kubelets, where another has it. */
  readonly ownDirectory: string;
  /** What the node says of itself has changed. */
  readonly onChange: () => Promise<void>;
  readonly log: EventLog;
}

export interface NodeCsi {
  readonly volumes: CsiVolumes;
  /** As the drivers say where the node is. */
  topology(): Readonly<Record<string, string>>;
  start(): void;
  stop(): void;
}
