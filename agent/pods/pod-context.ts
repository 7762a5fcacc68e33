// What a pod's worker needs of its node.

import path from 'node:path';
import type { EventLog } from '../../core/process/log.ts';
import type { V1Node, V1Pod, V1PodStatus, V1Service } from '../../generated/kubernetes.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { Images } from '../images/images.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeCapacity } from '../pod/resources.ts';
import type { ProbeMetrics } from '../probes/probe-metrics.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { VolumeObjects } from '../volumes/volume-type.ts';
import type { ContainerLinks } from './machine-logs.ts';
import type { PodCgroups } from './pod-cgroups.ts';
import type { PodHost } from './pod-host.ts';
import type { ResizeRefusal } from './resize.ts';
import type { ClusterDns } from './sandbox-config.ts';

export interface PodObjects extends VolumeObjects {
  /** Services of a namespace, and `kubernetes` of `default`. */
  services(namespace: string): V1Service[];
  /** This node; undefined until the API has sent it. */
  node(): V1Node | undefined;
  /** The runtime's name for a RuntimeClass; undefined when there is no such class. */
  runtimeHandler(runtimeClass: string): string | undefined;
}

export interface PodContext {
  readonly runtime: ContainerRuntime;
  /** As it calls itself: `containerd`. */
  readonly runtimeName: string;
  readonly nodeName: string;
  readonly nodeHostname: string;
  /** IPv4, and in a cluster of both families IPv6. */
  readonly hostIPs: readonly string[];
  /** Each pod's own files: volumes, /etc/hosts, termination messages. */
  readonly podsDir: string;
  readonly logsDir: string;
  /** Undefined: another cluster has the machine's. */
  readonly logLinks: ContainerLinks | undefined;
  readonly host: PodHost;
  readonly dns: ClusterDns;
  readonly allocatable: NodeCapacity;
  readonly objects: PodObjects;
  readonly volumes: PodVolumes;
  readonly images: Images;
  readonly cgroups: PodCgroups;
  readonly probeMetrics: Pick<ProbeMetrics, 'probed' | 'forget'>;
  readonly log: EventLog;
  readonly now: () => number;
  /** Why pods can have no network here; undefined: they can. */
  networkFailure(): string | undefined;
  /** `terminated`: nothing of the pod is left, and the API may forget it. */
  report(pod: Pod, status: V1PodStatus, terminated: boolean): void;
  event(pod: V1Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
  /** Why a node that has too little of something does not take the pod; undefined: it does. */
  refusalUnderPressure(pod: Pod): string | undefined;
  /** Why the node does not give the pod, which it runs with what `before` has, what it asks for now; undefined when it does. */
  refusalOfResize(wanted: Pod, before: Pod): ResizeRefusal | undefined;
  /** Nothing of the pod is left and the API does not know it any more. */
  forget(uid: string): void;
}

/** Where a pod's container logs lie: `<container>/<attempt>.log` below it, in CRI's format. */
export function podLogDirectory(logsDir: string, pod: Pick<Pod, 'metadata'>): string {
  return path.join(logsDir, podLogName(pod));
}

/** Below the directory of all logs. */
export function podLogName({ metadata: { namespace, name, uid } }: Pick<Pod, 'metadata'>): string {
  return `${namespace}_${name}_${uid}`;
}

/** The file that a container writes its termination message to, below the directory of all pods. */
export function terminationFile(uid: string, container: string, attempt: number): string {
  return path.join(uid, 'containers', container, `${attempt}.termination-log`);
}
