// How many pods a term counts in each topology domain, kept as pods come and go: a question about a term costs one look-up,
// not a scan of the cluster. Terms are few (those of the workloads' templates); pods are many.

import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { type AffinityTerm, termMatches } from './topology-terms.ts';

type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

export class TermCounts {
  /** Pods matched by a term: term key -> node name -> count. */
  readonly #matched = new Map<string, { term: AffinityTerm; byNode: Map<string, number>; total: number }>();
  /** Pods that carry a required anti-affinity term, by that term's key: node name -> count. */
  readonly #repelling = new Map<string, { term: AffinityTerm; byNode: Map<string, number> }>();
  readonly #namespaceLabels: NamespaceLabels;

  constructor(namespaceLabels: NamespaceLabels) {
    this.#namespaceLabels = namespaceLabels;
  }

  add(pod: PodInfo, node: NodeState): void {
    this.#count(pod, node, 1);
  }

  remove(pod: PodInfo, node: NodeState): void {
    this.#count(pod, node, -1);
  }

  /** Pods on each node that `term` counts. Counted once over `nodes` when the term is new, kept from then on. */
  matched(term: AffinityTerm, nodes: Iterable<NodeState>): { byNode: ReadonlyMap<string, number>; total: number } {
    const known = this.#matched.get(term.key);
    if (known) return known;
    const fresh = { term, byNode: new Map<string, number>(), total: 0 };
    for (const node of nodes) {
      for (const pod of node.pods.values()) if (this.#matches(term, pod)) bump(fresh, node.name, 1);
    }
    this.#matched.set(term.key, fresh);
    return fresh;
  }

  /** Anti-affinity terms of placed pods that repel `pod`, with where their owners are. */
  repelling(pod: PodInfo): { term: AffinityTerm; byNode: ReadonlyMap<string, number> }[] {
    return [...this.#repelling.values()].filter(({ term, byNode }) => byNode.size > 0 && this.#matches(term, pod));
  }

  matches(term: AffinityTerm, pod: PodInfo): boolean {
    return this.#matches(term, pod);
  }

  /** Forgets all counts by terms: namespaces changed their labels. */
  recount(): void {
    this.#matched.clear();
  }

  #count(pod: PodInfo, node: NodeState, sign: 1 | -1): void {
    for (const entry of this.#matched.values()) {
      // A pod on its way out is not counted by spread and affinity in Kubernetes either once it is gone; until then it is.
      if (this.#matches(entry.term, pod)) bump(entry, node.name, sign);
    }
    for (const term of pod.antiAffinity) {
      let entry = this.#repelling.get(term.key);
      if (!entry) {
        entry = { term, byNode: new Map() };
        this.#repelling.set(term.key, entry);
      }
      bump(entry, node.name, sign);
    }
  }

  #matches(term: AffinityTerm, pod: PodInfo): boolean {
    return termMatches(term, pod.namespace, pod.labels, this.#namespaceLabels(pod.namespace));
  }
}

function bump(entry: { byNode: Map<string, number>; total?: number }, node: string, by: number): void {
  const count = (entry.byNode.get(node) ?? 0) + by;
  if (count > 0) entry.byNode.set(node, count);
  else entry.byNode.delete(node);
  if (entry.total !== undefined) entry.total += by;
}
