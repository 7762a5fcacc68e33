// The cluster as the scheduler works on it: nodes with their placed pods, namespaces' labels, claims and volumes. Fed by
// events, and by the scheduler's own decisions ahead of them (a pod counts where it was sent before the bind is answered).

import type {
  V1CSINode,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1PodDisruptionBudget,
  V1StorageClass,
} from '../../generated/kubernetes.ts';
import { addPod, changeOf, type NodeState, nodeState, removePod, takeOver } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { TopologyIndex } from './topology-index.ts';

export class Model {
  readonly nodes = new Map<string, NodeState>();
  /** Nodes by slot; undefined where one is gone. */
  readonly slots: (NodeState | undefined)[] = [];
  /** By slot: changes with everything about the node. No number comes twice. */
  readonly versions: number[] = [];
  /** By slot: changes with the node's labels, taints and size. */
  readonly placeVersions: number[] = [];
  /** Changes with any of them. */
  placeVersion = 0;
  readonly namespaces = new Map<string, V1Namespace>();
  /** By `namespace/name`. */
  readonly claims = new Map<string, V1PersistentVolumeClaim>();
  readonly volumes = new Map<string, V1PersistentVolume>();
  readonly storageClasses = new Map<string, V1StorageClass>();
  readonly csiNodes = new Map<string, V1CSINode>();
  /** How many pods of each pod group have to find a node for any of them to start, by `namespace/name`. */
  readonly groups = new Map<string, number>();
  readonly budgets = new Map<string, V1PodDisruptionBudget>();
  /** Volumes that were chosen for a claim, ahead of the claim's own word: volume -> `namespace/claim`. */
  readonly promised = new Map<string, string>();
  /** How many nodes hold each image, by name. */
  readonly imageHolders = new Map<string, number>();
  readonly topology = new TopologyIndex(this.nodes, (name) => this.namespaces.get(name)?.metadata?.labels ?? {});
  /** Changes with the budgets. */
  budgetVersion = 0;
  readonly #placed = new Map<string, { readonly node: string; readonly pod: PodInfo }>();
  /** Pods whose node is not known (yet). */
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #nominated = new Map<string, string>();
  /** Placed pods by the claims they use, `namespace/name`. */
  readonly #claimUsers = new Map<string, Set<string>>();
  /** How many placed pods each pod group has. */
  readonly #groupSizes = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  #version = 0;

  /** Returns whether pods may now fit that did not. */
  setNode(node: V1Node): boolean {
    const name = node.metadata?.name ?? '';
    const state = this.nodes.get(name);
    if (!state) {
      this.#addNode(node);
      return true;
    }
    const change = changeOf(state, node);
    this.#countImages(state, -1);
    if (change === 'place') {
      for (const pod of state.pods.values()) this.topology.remove(pod, state.slot);
      this.topology.removeNode(state);
      takeOver(state, node);
      this.topology.addNode(state);
      for (const pod of state.pods.values()) this.topology.add(pod, state.slot);
    } else {
      takeOver(state, node);
    }
    this.#countImages(state, 1);
    if (change) this.#touch(state, change === 'place');
    return change === 'place';
  }

  removeNode(name: string): void {
    const state = this.nodes.get(name);
    if (!state) return;
    const left = new Map(state.pods);
    for (const pod of left.values()) this.topology.remove(pod, state.slot);
    this.topology.removeNode(state);
    this.#countImages(state, -1);
    for (const key of state.nominated.keys()) this.#nominated.delete(key);
    this.nodes.delete(name);
    this.slots[state.slot] = undefined;
    this.#touch(state, true);
    this.#freeSlots.push(state.slot);
    if (left.size > 0) this.#homeless.set(name, left);
  }

  /** The pod runs on `node`, or was sent there. A pod that was elsewhere moves; one that changed is taken anew. */
  placePod(pod: PodInfo, node: string): void {
    this.removePod(pod.key);
    this.withdraw(pod.key);
    this.#placed.set(pod.key, { node, pod });
    this.#countGroup(pod, 1);
    for (const claim of pod.claims) {
      const key = `${pod.namespace}/${claim}`;
      const users = this.#claimUsers.get(key);
      if (users) users.add(pod.key);
      else this.#claimUsers.set(key, new Set([pod.key]));
    }
    const state = this.nodes.get(node);
    if (state) {
      this.#seat(pod, state);
      return;
    }
    const waiting = this.#homeless.get(node) ?? new Map<string, PodInfo>();
    waiting.set(pod.key, pod);
    this.#homeless.set(node, waiting);
  }

  /** Returns the node that the pod was on. */
  removePod(key: string): string | undefined {
    const found = this.#placed.get(key);
    if (!found) return undefined;
    this.#placed.delete(key);
    this.#countGroup(found.pod, -1);
    for (const claim of found.pod.claims) {
      const claimKey = `${found.pod.namespace}/${claim}`;
      const users = this.#claimUsers.get(claimKey);
      users?.delete(key);
      if (users?.size === 0) this.#claimUsers.delete(claimKey);
    }
    const homeless = this.#homeless.get(found.node);
    if (homeless?.delete(key) && homeless.size === 0) this.#homeless.delete(found.node);
    const state = this.nodes.get(found.node);
    if (!state) return found.node;
    removePod(state, found.pod);
    this.topology.remove(found.pod, state.slot);
    this.#touch(state, false);
    return found.node;
  }

  /** Keeps room on the node for a pod that makes others go. Returns the keys of less important ones that lose theirs. */
  nominate(pod: PodInfo, node: string): string[] {
    this.withdraw(pod.key);
    const state = this.nodes.get(node);
    if (!state) return [];
    const lost = [...state.nominated.values()].filter((each) => each.priority < pod.priority).map(({ key }) => key);
    for (const key of lost) this.withdraw(key);
    state.nominated.set(pod.key, pod);
    this.#nominated.set(pod.key, node);
    this.#touch(state, false);
    return lost;
  }

  /** Ends a nomination. Returns the node that it was for. */
  withdraw(key: string): string | undefined {
    const name = this.#nominated.get(key);
    if (name === undefined) return undefined;
    this.#nominated.delete(key);
    const state = this.nodes.get(name);
    if (state?.nominated.delete(key)) this.#touch(state, false);
    return name;
  }

  nominatedNode(key: string): NodeState | undefined {
    const name = this.#nominated.get(key);
    return name === undefined ? undefined : this.nodes.get(name);
  }

  nodeOf(key: string): string | undefined {
    return this.#placed.get(key)?.node;
  }

  placed(key: string): PodInfo | undefined {
    return this.#placed.get(key)?.pod;
  }

  get placedCount(): number {
    return this.#placed.size;
  }

  /** Keys of placed pods that use the claim. */
  usersOf(claim: string): ReadonlySet<string> | undefined {
    return this.#claimUsers.get(claim);
  }

  /** Placed pods of a group. */
  groupSize(group: string): number {
    return this.#groupSizes.get(group) ?? 0;
  }

  #countGroup({ group }: PodInfo, by: 1 | -1): void {
    if (group === undefined) return;
    const size = (this.#groupSizes.get(group) ?? 0) + by;
    if (size > 0) this.#groupSizes.set(group, size);
    else this.#groupSizes.delete(group);
  }

  #addNode(node: V1Node): void {
    const slot = this.#freeSlots.pop() ?? this.slots.length;
    const fresh = nodeState(node, slot);
    this.nodes.set(fresh.name, fresh);
    this.slots[slot] = fresh;
    this.topology.addNode(fresh);
    this.#countImages(fresh, 1);
    for (const pod of this.#homeless.get(fresh.name)?.values() ?? []) this.#seat(pod, fresh);
    this.#homeless.delete(fresh.name);
    this.#touch(fresh, true);
  }

  #seat(pod: PodInfo, state: NodeState): void {
    addPod(state, pod);
    this.topology.add(pod, state.slot);
    this.#touch(state, false);
  }

  #touch(state: NodeState, place: boolean): void {
    this.#version += 1;
    this.versions[state.slot] = this.#version;
    if (!place) return;
    this.placeVersions[state.slot] = this.#version;
    this.placeVersion = this.#version;
  }

  #countImages(state: NodeState, by: 1 | -1): void {
    for (const name of state.images.keys()) {
      const count = (this.imageHolders.get(name) ?? 0) + by;
      if (count > 0) this.imageHolders.set(name, count);
      else this.imageHolders.delete(name);
    }
  }
}
