// What all pods of one class have in common: for each node whether it will do, why not, and how good it is, computed again
// only for nodes that changed since the class last asked. A question about all nodes is a walk along an array of numbers.

import { refusedByNode, refusedByResourcesOrPorts } from './filters.ts';
import type { Model } from './model.ts';
import type { PodClass } from './pod-info.ts';
import type { Reasons } from './reason.ts';
import { avoidedTaints, imageScore, preferredAffinity, usageScore, type Weights } from './scores.ts';

export class ClassPlan {
  readonly class: PodClass;
  readonly #model: Model;
  readonly #weights: Weights;
  /** The node's version that the rest was computed at, by slot. */
  readonly #versions: number[] = [];
  readonly #placeVersions: number[] = [];
  readonly #byNode: (Reasons | undefined)[] = [];
  readonly #refused: (Reasons | undefined)[] = [];
  /** -Infinity where the node will not do. */
  readonly #base: number[] = [];
  readonly #affinity: number[] = [];
  readonly #taints: number[] = [];
  readonly #tally = new Map<Reasons, number>();
  readonly #prefers: boolean;
  #mostAffinity = 0;
  #mostTaints = 0;
  #prepared = -1;

  constructor(podClass: PodClass, model: Model, weights: Weights) {
    this.class = podClass;
    this.#model = model;
    this.#weights = weights;
    this.#prefers = (podClass.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).length > 0;
  }

  /** The score of the node at `slot`, -Infinity when it will not do. */
  score(slot: number): number {
    if (this.#versions[slot] !== this.#model.versions[slot]) this.#refresh(slot);
    const base = this.#base[slot] ?? Number.NEGATIVE_INFINITY;
    if (this.#mostAffinity === 0 && this.#mostTaints === 0) return base;
    // Normalized by the best (or the worst) of all nodes that will do.
    const affinity = this.#mostAffinity === 0 ? 0 : (100 * (this.#affinity[slot] ?? 0)) / this.#mostAffinity;
    const taints = this.#mostTaints === 0 ? 100 : 100 - (100 * (this.#taints[slot] ?? 0)) / this.#mostTaints;
    return base + this.#weights.nodeAffinity * affinity + this.#weights.taintToleration * taints;
  }

  /** Why the node at `slot` will not do, as far as it alone decides. */
  refused(slot: number): Reasons | undefined {
    if (this.#versions[slot] !== this.#model.versions[slot]) this.#refresh(slot);
    return this.#refused[slot];
  }

  /** Why the node will not do whatever is placed on it. */
  refusedByNode(slot: number): Reasons | undefined {
    if (this.#versions[slot] !== this.#model.versions[slot]) this.#refresh(slot);
    return this.#byNode[slot];
  }

  /** Looks at nodes that are new or became others, so that scores are normalized by all of them. */
  prepare(): void {
    if (this.#prepared === this.#model.placeVersion) return;
    this.#prepared = this.#model.placeVersion;
    this.#refreshAll();
  }

  /** How many nodes will not do for which reasons. */
  tally(): ReadonlyMap<Reasons, number> {
    this.#refreshAll();
    return this.#tally;
  }

  #refreshAll(): void {
    for (let slot = 0; slot < this.#model.slots.length; slot++)
      if (this.#versions[slot] !== this.#model.versions[slot]) this.#refresh(slot);
  }

  #refresh(slot: number): void {
    const model = this.#model;
    const node = model.slots[slot];
    this.#versions[slot] = model.versions[slot] ?? 0;
    this.#count(this.#refused[slot], -1);
    if (!node) {
      this.#refused[slot] = undefined;
      this.#base[slot] = Number.NEGATIVE_INFINITY;
      return;
    }
    if (this.#placeVersions[slot] !== model.placeVersions[slot]) {
      this.#placeVersions[slot] = model.placeVersions[slot] ?? 0;
      this.#byNode[slot] = refusedByNode(this.class, node);
      if (!this.#byNode[slot]) {
        const affinity = this.#prefers ? preferredAffinity(this.class, node) : 0;
        const taints = node.taints.length > 0 ? avoidedTaints(this.class, node) : 0;
        this.#affinity[slot] = affinity;
        this.#taints[slot] = taints;
        this.#mostAffinity = Math.max(this.#mostAffinity, affinity);
        this.#mostTaints = Math.max(this.#mostTaints, taints);
      }
    }
    const refused = this.#byNode[slot] ?? refusedByResourcesOrPorts(this.class, node);
    this.#refused[slot] = refused;
    this.#count(refused, 1);
    if (refused) {
      this.#base[slot] = Number.NEGATIVE_INFINITY;
      return;
    }
    const images = imageScore(this.class, node, model.imageHolders, model.nodes.size) * this.#weights.imageLocality;
    this.#base[slot] = usageScore(this.class, node, this.#weights) + images;
  }

  #count(refused: Reasons | undefined, by: 1 | -1): void {
    if (!refused) return;
    const count = (this.#tally.get(refused) ?? 0) + by;
    if (count > 0) this.#tally.set(refused, count);
    else this.#tally.delete(refused);
  }
}
