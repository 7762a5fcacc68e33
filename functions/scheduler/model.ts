// The cluster as the scheduler works on it: nodes with their placed pods, namespaces' labels, claims and volumes. Fed by
// events, and by the scheduler's own decisions ahead of them (a pod counts where it was sent before the bind is answered).

import type {
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1StorageClass,
} from '../../generated/kubernetes.ts';
import { displace, type NodeState, nodeState, place, updateNode } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { TermCounts } from './term-counts.ts';

export class Model {
  readonly nodes = new Map<string, NodeState>();
  readonly namespaces = new Map<string, V1Namespace>();
  /** By `namespace/name`. */
  readonly claims = new Map<string, V1PersistentVolumeClaim>();
  readonly volumes = new Map<string, V1PersistentVolume>();
  readonly storageClasses = new Map<string, V1StorageClass>();
  readonly counts = new TermCounts((name) => this.namespaces.get(name)?.metadata?.labels ?? {});
  /** Rises when a node changed in a way that can change where pods may go at all. */
  generation = 0;
  /** Names of nodes that got room since the start, in order: what a plan must look at again. */
  readonly freed: string[] = [];
  readonly #placed = new Map<string, { node: string; pod: PodInfo }>();
  /** Pods whose node is not known (yet). */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();

  setNode(node: V1Node): void {
    const name = node.metadata?.name ?? '';
    const state = this.nodes.get(name);
    if (state) {
      if (!updateNode(state, node)) return;
    } else {
      const fresh = nodeState(node);
      this.nodes.set(name, fresh);
      for (const pod of this.#homeless.get(name)?.values() ?? []) this.#seat(pod, fresh);
      this.#homeless.delete(name);
    }
    this.generation += 1;
  }

  removeNode(name: string): void {
    const state = this.nodes.get(name);
    if (!state) return;
    const left = new Map(state.pods);
    for (const pod of left.values()) this.counts.remove(pod, state);
    this.nodes.delete(name);
    if (left.size > 0) this.#homeless.set(name, left);
    this.generation += 1;
  }

  /** The pod runs on `node`, or was sent there. A pod that was elsewhere moves. */
  placePod(pod: PodInfo, node: string): void {
    this.removePod(pod.key);
    this.#placed.set(pod.key, { node, pod });
    const state = this.nodes.get(node);
    if (state) {
      this.#seat(pod, state);
      return;
    }
    const waiting = this.#homeless.get(node) ?? new Map<string, PodInfo>();
    waiting.set(pod.key, pod);
    this.#homeless.set(node, waiting);
  }

  removePod(key: string): void {
    const found = this.#placed.get(key);
    if (!found) return;
    this.#placed.delete(key);
    this.#homeless.get(found.node)?.delete(key);
    const state = this.nodes.get(found.node);
    if (!state) return;
    displace(state, found.pod);
    this.counts.remove(found.pod, state);
    this.freed.push(found.node);
  }

  nodeOf(key: string): string | undefined {
    return this.#placed.get(key)?.node;
  }

  #seat(pod: PodInfo, state: NodeState): void {
    place(state, pod);
    this.counts.add(pod, state);
  }
}
