// What a node says of itself: capacity, addresses, system, conditions, images. Source: Kubernetes API, NodeStatus.

import fs from 'node:fs/promises';
import os from 'node:os';
import type { V1NodeCondition, V1NodeStatus } from '../../generated/kubernetes.ts';
import type { ImageInfo } from '../cri/messages.ts';
import type { PressureKind } from '../eviction/thresholds.ts';
import { hostArchitecture } from '../images/oci.ts';
import { timestamp } from '../pods/container-status.ts';
import type { Machine, MachineFacts } from '../stats/machine.ts';

export interface NodeFacts extends MachineFacts {
  readonly nodeName: string;
  readonly hostname: string;
  readonly nodeIP: string;
  /** In a cluster of both families. */
  readonly nodeIPv6: string | undefined;
  readonly externalIP: string | undefined;
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly storage: number;
  readonly maxPods: number;
  readonly containerRuntimeVersion: string;
  readonly kubeletVersion: string;
}

export async function readNodeFacts(options: {
  nodeName: string;
  nodeIP: string;
  nodeIPv6: string | undefined;
  externalIP: string | undefined;
  dataDir: string;
  maxPods: number;
  runtime: { runtimeName: string; runtimeVersion: string };
  machine: Pick<Machine, 'facts'>;
}): Promise<NodeFacts> {
  const [machine, storage] = await Promise.all([options.machine.facts(), fs.statfs(options.dataDir)]);
  return {
    ...machine,
    nodeName: options.nodeName,
    hostname: os.hostname(),
    nodeIP: options.nodeIP,
    nodeIPv6: options.nodeIPv6,
    externalIP: options.externalIP,
    cpu: os.availableParallelism(),
    memory: os.totalmem(),
    storage: storage.blocks * storage.bsize,
    maxPods: options.maxPods,
    containerRuntimeVersion: `${options.runtime.runtimeName}://${options.runtime.runtimeVersion.replace(/^v/, '')}`,
    kubeletVersion: 'v1.36.0+zeroplane',
  };
}

/** `cloudNode`: its cloud says what type it is. */
export function nodeLabels(facts: NodeFacts, cloudNode: boolean): Record<string, string> {
  const arch = hostArchitecture();
  return {
    'kubernetes.io/hostname': facts.nodeName,
    'kubernetes.io/os': facts.os,
    'kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': facts.os,
    'beta.kubernetes.io/arch': arch,
    ...facts.labels,
    ...(!cloudNode && {
      'node.kubernetes.io/instance-type': `${facts.cpu}cpu-${Math.round(facts.memory / 2 ** 30)}gi`,
    }),
  };
}

export interface NodeHealth {
  /** Why the node cannot run pods; undefined when it can. */
  readonly notReady?: string;
  /** Why too many other nodes' pods are not reached. */
  readonly networkUnavailable?: string;
  readonly pressure: ReadonlySet<PressureKind>;
}

/** `previous`: the conditions reported last, whose transition times are kept. Pure. */
export function nodeStatus(
  facts: NodeFacts,
  health: NodeHealth,
  images: readonly ImageInfo[],
  previous: readonly V1NodeCondition[],
  now: number,
): V1NodeStatus {
  const { pressure, notReady, networkUnavailable } = health;
  const condition = (
    type: string,
    bad: boolean,
    badReason: string,
    goodReason: string,
    bads: string,
    goods: string,
  ) => ({
    type,
    status: bad ? 'True' : 'False',
    reason: bad ? badReason : goodReason,
    message: bad ? bads : goods,
  });
  const wanted = [
    condition(
      'MemoryPressure',
      pressure.has('memory'),
      'KubeletHasInsufficientMemory',
      'KubeletHasSufficientMemory',
      'the node has too little memory available',
      'kubelet has sufficient memory available',
    ),
    condition(
      'DiskPressure',
      pressure.has('disk'),
      'KubeletHasDiskPressure',
      'KubeletHasNoDiskPressure',
      'the disk of the data directory is nearly full',
      'kubelet has no disk pressure',
    ),
    condition(
      'PIDPressure',
      pressure.has('pids'),
      'KubeletHasInsufficientPID',
      'KubeletHasSufficientPID',
      'the node has too few process ids available',
      'kubelet has sufficient PID available',
    ),
    condition(
      'NetworkUnavailable',
      networkUnavailable !== undefined,
      'NodesUnreached',
      'NodesReached',
      networkUnavailable ?? '',
      'pods of other nodes are reached',
    ),
    {
      type: 'Ready',
      status: notReady ? 'False' : 'True',
      reason: notReady ? 'KubeletNotReady' : 'KubeletReady',
      message: notReady ?? 'kubelet is posting ready status',
    },
  ];
  const capacity = {
    cpu: String(facts.cpu),
    memory: `${Math.floor(facts.memory / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(facts.storage / 1024)}Ki`,
    pods: String(facts.maxPods),
    ...(facts.os === 'linux' && { 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' }),
  };
  return {
    capacity,
    allocatable: { ...capacity, 'ephemeral-storage': String(Math.floor(facts.storage * 0.9)) },
    addresses: [
      { type: 'InternalIP', address: facts.nodeIP },
      ...(facts.nodeIPv6 === undefined ? [] : [{ type: 'InternalIP', address: facts.nodeIPv6 }]),
      ...(facts.externalIP === undefined ? [] : [{ type: 'ExternalIP', address: facts.externalIP }]),
      { type: 'Hostname', address: facts.hostname },
    ],
    conditions: wanted.map((each) => ({
      ...each,
      lastHeartbeatTime: timestamp(now),
      lastTransitionTime:
        previous.find(({ type, status }) => type === each.type && status === each.status)?.lastTransitionTime ??
        timestamp(now),
    })),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: hostArchitecture(),
      bootID: facts.bootID,
      containerRuntimeVersion: facts.containerRuntimeVersion,
      kernelVersion: facts.kernelVersion,
      kubeletVersion: facts.kubeletVersion,
      kubeProxyVersion: '',
      machineID: facts.machineID,
      operatingSystem: facts.os,
      osImage: facts.osImage,
      systemUUID: facts.machineID,
    },
    images: [...images]
      .sort((a, b) => b.size - a.size)
      .slice(0, 50)
      .map(({ repoTags, repoDigests, size }) => ({ names: [...repoDigests, ...repoTags].slice(0, 5), sizeBytes: size }))
      .filter(({ names }) => names.length > 0),
  };
}
