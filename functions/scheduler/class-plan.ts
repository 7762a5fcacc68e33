// What all pods of one class have in common: the nodes whose labels and taints allow them, and a heap of those nodes by
// score. A pod without ties to other pods takes the top of the heap: the cost per pod grows with the logarithm of the nodes.

import { nodeFilters } from './filters.ts';
import type { Model } from './model.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { nodeScores, usageScore } from './scores.ts';

interface Candidate {
  readonly node: NodeState;
  readonly fixed: number;
  score: number;
  /** The node's version that the score was computed at. */
  version: number;
  /** Breaks ties in turn, so that equal nodes take pods one after the other. */
  turn: number;
}

export class ClassPlan {
  /** The model's generation that it was made at. */
  readonly generation: number;
  readonly candidates: readonly { readonly node: NodeState; readonly fixed: number }[];
  /** Why each other node will not do. */
  readonly rejected: ReadonlyMap<string, string>;
  readonly #heap: Candidate[] = [];
  /** Candidates without room, by node: back in the heap when the node was given room. */
  readonly #full = new Map<string, Candidate>();
  #freedSeen: number;
  #turn = 0;

  constructor(pod: PodInfo, model: Model) {
    this.generation = model.generation;
    this.#freedSeen = model.freed.length;
    const rejected = new Map<string, string>();
    const allowed: NodeState[] = [];
    for (const node of model.nodes.values()) {
      const reason = firstReason(pod, node, model);
      if (reason === undefined) allowed.push(node);
      else rejected.set(node.name, reason);
    }
    const fixed = nodeScores(pod, allowed, model.nodes.size);
    this.rejected = rejected;
    this.candidates = allowed.map((node, i) => ({ node, fixed: fixed[i] ?? 0 }));
    for (const each of this.candidates) this.#push({ ...each, score: 0, version: -1, turn: 0 }, pod);
  }

  /** The best node that `fits` accepts. `fits` may depend on what is placed, not on other pods' whereabouts. */
  take(pod: PodInfo, model: Model, fits: (node: NodeState) => boolean): NodeState | undefined {
    this.#returnFreed(pod, model);
    for (let top = this.#pop(); top; top = this.#pop()) {
      if (top.version !== top.node.version) {
        this.#push(top, pod);
        continue;
      }
      if (!fits(top.node)) {
        this.#full.set(top.node.name, top);
        continue;
      }
      top.turn = ++this.#turn;
      top.version = -1;
      this.#insert(top);
      return top.node;
    }
    return undefined;
  }

  #returnFreed(pod: PodInfo, model: Model): void {
    for (; this.#freedSeen < model.freed.length; this.#freedSeen++) {
      const name = model.freed[this.#freedSeen] ?? '';
      const waiting = this.#full.get(name);
      if (!waiting) continue;
      this.#full.delete(name);
      this.#push(waiting, pod);
    }
  }

  #push(candidate: Candidate, pod: PodInfo): void {
    candidate.score = candidate.fixed + usageScore(pod, candidate.node);
    candidate.version = candidate.node.version;
    this.#insert(candidate);
  }

  #insert(candidate: Candidate): void {
    const heap = this.#heap;
    let at = heap.push(candidate) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at], heap[parent])) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #pop(): Candidate | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      let best = at;
      if (before(heap[left], heap[best])) best = left;
      if (before(heap[left + 1], heap[best])) best = left + 1;
      if (best === at) return top;
      swap(heap, at, best);
      at = best;
    }
  }
}

function firstReason(pod: PodInfo, node: NodeState, model: Model): string | undefined {
  for (const filter of nodeFilters) {
    const reason = filter(pod, node, model);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function before(left: Candidate | undefined, right: Candidate | undefined): boolean {
  if (!left || !right) return false;
  return left.score !== right.score ? left.score > right.score : left.turn < right.turn;
}

function swap(heap: Candidate[], a: number, b: number): void {
  const kept = heap[a];
  const moved = heap[b];
  if (kept === undefined || moved === undefined) return;
  heap[a] = moved;
  heap[b] = kept;
}
