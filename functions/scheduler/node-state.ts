// One node with what is placed on it. Mutable: the model keeps it up to date as pods come and go.

import type { V1Node, V1Taint } from '../../generated/kubernetes.ts';
import type { PodInfo } from './pod-info.ts';
import { addTo, type Resources, toResources } from './resources.ts';

export interface NodeState {
  readonly name: string;
  /** Its place in arrays that are indexed by node; given to another node once this one is gone. */
  readonly slot: number;
  node: V1Node;
  labels: Readonly<Record<string, string>>;
  taints: readonly V1Taint[];
  allocatable: Resources;
  /** Images on the node, by every name, with their size in bytes. */
  images: ReadonlyMap<string, number>;
  readonly requested: Record<string, number>;
  readonly scored: Record<string, number>;
  readonly pods: Map<string, PodInfo>;
  /** Pods that preempted others here and wait for them to go, by key. */
  readonly nominated: Map<string, PodInfo>;
  /** Ports in use, `protocol/port` -> addresses. */
  readonly ports: Map<string, string[]>;
}

export function nodeState(node: V1Node, slot: number): NodeState {
  const state: NodeState = {
    name: node.metadata?.name ?? '',
    slot,
    node,
    labels: {},
    taints: [],
    allocatable: {},
    images: new Map(),
    requested: {},
    scored: {},
    pods: new Map(),
    nominated: new Map(),
    ports: new Map(),
  };
  takeOver(state, node);
  return state;
}

/** What changed: `place` = labels, taints or room; `images` = only what it holds. */
export function changeOf(state: NodeState, node: V1Node): 'place' | 'images' | undefined {
  if (fingerprint(state.node) !== fingerprint(node)) return 'place';
  return JSON.stringify(state.node.status?.images) === JSON.stringify(node.status?.images) ? undefined : 'images';
}

export function takeOver(state: NodeState, node: V1Node): void {
  state.node = node;
  state.labels = node.metadata?.labels ?? {};
  state.taints = node.spec?.taints ?? [];
  state.allocatable = toResources(node.status?.allocatable);
  const images = (node.status?.images ?? []).flatMap((image) =>
    (image.names ?? []).map((name): [string, number] => [name, Number(image.sizeBytes ?? 0)]),
  );
  state.images = new Map(images);
}

export function addPod(state: NodeState, pod: PodInfo): void {
  state.pods.set(pod.key, pod);
  account(state, pod, 1);
  for (const { protocol, port, ip } of pod.class.ports) {
    const key = `${protocol}/${port}`;
    const addresses = state.ports.get(key);
    if (addresses) addresses.push(ip);
    else state.ports.set(key, [ip]);
  }
}

export function removePod(state: NodeState, pod: PodInfo): void {
  if (!state.pods.delete(pod.key)) return;
  account(state, pod, -1);
  for (const { protocol, port, ip } of pod.class.ports) {
    const key = `${protocol}/${port}`;
    const addresses = state.ports.get(key) ?? [];
    addresses.splice(addresses.indexOf(ip), 1);
    if (addresses.length === 0) state.ports.delete(key);
  }
}

function account(state: NodeState, { class: { requests, scored } }: PodInfo, sign: 1 | -1): void {
  for (const name in requests) addTo(state.requested, name, sign * (requests[name] ?? 0));
  for (const name in scored) addTo(state.scored, name, sign * (scored[name] ?? 0));
}

function fingerprint(node: V1Node): string {
  const { metadata, spec, status } = node;
  return JSON.stringify([metadata?.labels, spec?.taints, spec?.unschedulable, status?.allocatable]);
}
