// One node with what is placed on it. Mutable: the model keeps it up to date as pods come and go.

import type { V1Node, V1Taint } from '../../generated/kubernetes.ts';
import type { PodInfo } from './pod-info.ts';
import { type Resources, toResources } from './resources.ts';

export interface NodeState {
  readonly name: string;
  node: V1Node;
  labels: Readonly<Record<string, string>>;
  taints: readonly V1Taint[];
  allocatable: Resources;
  /** Images on the node, by every name, with their size in bytes. */
  images: ReadonlyMap<string, number>;
  readonly requested: Record<string, number>;
  readonly scored: Record<string, number>;
  readonly pods: Map<string, PodInfo>;
  /** Ports in use, `protocol/port` -> addresses. */
  readonly ports: Map<string, string[]>;
  /** Rises with every change of what is placed here. */
  version: number;
}

export function nodeState(node: V1Node): NodeState {
  const state: NodeState = {
    name: node.metadata?.name ?? '',
    node,
    labels: {},
    taints: [],
    allocatable: {},
    images: new Map(),
    requested: {},
    scored: {},
    pods: new Map(),
    ports: new Map(),
    version: 0,
  };
  updateNode(state, node);
  return state;
}

/** Takes over a new version of the node. Returns whether something changed that decides where pods may go. */
export function updateNode(state: NodeState, node: V1Node): boolean {
  const before = fingerprint(state.node);
  const first = state.version === 0;
  state.node = node;
  state.labels = node.metadata?.labels ?? {};
  state.taints = node.spec?.taints ?? [];
  state.allocatable = toResources(node.status?.allocatable);
  const images = (node.status?.images ?? []).flatMap((image) =>
    (image.names ?? []).map((name): [string, number] => [name, image.sizeBytes ?? 0]),
  );
  state.images = new Map(images);
  if (!first && before === fingerprint(node)) return false;
  state.version += 1;
  return true;
}

export function place(state: NodeState, pod: PodInfo): void {
  state.pods.set(pod.key, pod);
  account(state, pod, 1);
  for (const { protocol, port, ip } of pod.ports) {
    const key = `${protocol}/${port}`;
    state.ports.set(key, [...(state.ports.get(key) ?? []), ip]);
  }
  state.version += 1;
}

export function displace(state: NodeState, pod: PodInfo): void {
  if (!state.pods.delete(pod.key)) return;
  account(state, pod, -1);
  for (const { protocol, port, ip } of pod.ports) {
    const key = `${protocol}/${port}`;
    const addresses = [...(state.ports.get(key) ?? [])];
    addresses.splice(addresses.indexOf(ip), 1);
    if (addresses.length > 0) state.ports.set(key, addresses);
    else state.ports.delete(key);
  }
  state.version += 1;
}

function account(state: NodeState, pod: PodInfo, sign: 1 | -1): void {
  for (const name in pod.requests)
    state.requested[name] = (state.requested[name] ?? 0) + sign * (pod.requests[name] ?? 0);
  for (const name in pod.scored) state.scored[name] = (state.scored[name] ?? 0) + sign * (pod.scored[name] ?? 0);
}

function fingerprint(node: V1Node): string {
  const { metadata, spec, status } = node;
  return JSON.stringify([metadata?.labels, spec?.taints, spec?.unschedulable, status?.allocatable]);
}
