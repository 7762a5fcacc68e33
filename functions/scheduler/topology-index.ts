// Which pods each term counts, and which terms of placed pods concern a pod, kept as pods come and go. Pods with the same
// labels in the same namespace are matched once: terms and label sets are few (workloads' templates), pods are many.

import { getOwn } from '../../core/machinery/own.ts';
import { DomainCounter, type Domains } from './domain-counter.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo, PodTerms } from './pod-info.ts';
import { type AffinityTerm, termMatches } from './topology-terms.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether a node counts as (part of) a domain for a spread constraint. `key` is equal for equal answers. */
export interface Eligibility {
  readonly key: string;
  test(node: NodeState): boolean;
}

/** Pods that are alike to every selector. */
interface Identity {
  readonly namespace: string;
  readonly labels: Labels;
  readonly terminating: boolean;
  /** How many of them each node has, by slot. */
  readonly slots: Map<number, number>;
  readonly groups: Group[];
  readonly carried: Carried[];
}

/** Pods that all of some terms count. */
interface Group {
  readonly terms: readonly AffinityTerm[];
  readonly countsTerminating: boolean;
  readonly counters: Map<string, { readonly counter: DomainCounter; readonly eligibility: Eligibility | undefined }>;
}

/** A term of placed pods, with the domains where those pods are. */
export interface Carried {
  readonly term: AffinityTerm;
  /** Repels: a required anti-affinity. Else it is what a pod that matches gains by being near, per pod. */
  readonly repels: boolean;
  readonly weight: number;
  readonly counter: DomainCounter;
}

/** Above these, what nothing uses any more is forgotten, by counting anew. */
const manyTerms = 8192;
const manyIdentities = 65_536;
/** Kubernetes' hardPodAffinityWeight. */
const hardAffinityWeight = 1;

export class TopologyIndex {
  readonly #nodes: ReadonlyMap<string, NodeState>;
  readonly #namespaceLabels: (namespace: string) => Labels;
  readonly #domains = new Map<string, Domains>();
  readonly #identities = new Map<string, Identity>();
  readonly #groups = new Map<string, Group>();
  readonly #carried = new Map<string, Carried>();
  #dependsOnNamespaces = false;

  constructor(nodes: ReadonlyMap<string, NodeState>, namespaceLabels: (namespace: string) => Labels) {
    this.#nodes = nodes;
    this.#namespaceLabels = namespaceLabels;
  }

  add(pod: PodInfo, slot: number): void {
    this.#move(pod, slot, 1);
  }

  remove(pod: PodInfo, slot: number): void {
    this.#move(pod, slot, -1);
  }

  /** The node is new, or changed: its pods are added after. */
  addNode(node: NodeState): void {
    for (const domains of this.#domains.values()) setDomain(domains, node);
    for (const { counters } of this.#groups.values()) {
      for (const { counter, eligibility } of counters.values())
        counter.addNode(node.slot, eligibility?.test(node) ?? true);
    }
  }

  /** The node goes, or is about to change: its pods were removed before. */
  removeNode(node: NodeState): void {
    for (const { counters } of this.#groups.values())
      for (const { counter } of counters.values()) counter.removeNode(node.slot);
    for (const domains of this.#domains.values()) domains.of[node.slot] = -1;
  }

  domains(topologyKey: string): Domains {
    const known = this.#domains.get(topologyKey);
    if (known) return known;
    const fresh: Domains = { topologyKey, ids: new Map(), of: [] };
    for (const node of this.#nodes.values()) setDomain(fresh, node);
    this.#domains.set(topologyKey, fresh);
    return fresh;
  }

  /** Pods that all of `terms` count, by the domains of `topologyKey`. */
  matched(terms: readonly AffinityTerm[], topologyKey: string): DomainCounter {
    return this.#counter(terms, topologyKey, true, undefined);
  }

  /** The same for a spread constraint: pods that are on their way out do not count, nor do nodes that are not eligible. */
  spread(term: AffinityTerm, eligibility: Eligibility): DomainCounter {
    return this.#counter([term], term.topologyKey, false, eligibility);
  }

  /** Terms of placed pods that count `pod`. */
  concerning(pod: PodInfo): readonly Carried[] {
    return this.#carried.size === 0 ? [] : this.#identityOf(pod).carried;
  }

  matches(term: AffinityTerm, { namespace, labels }: { readonly namespace: string; readonly labels: Labels }): boolean {
    return termMatches(term, namespace, labels, this.#namespaceLabels(namespace));
  }

  /** Bounds what is kept. What `matched` and the like returned before is not kept up to date after. */
  tidy(placed: number): void {
    const terms = this.#groups.size + this.#carried.size;
    if (terms > manyTerms || this.#identities.size > manyIdentities + 2 * placed) this.#countAnew();
  }

  /** A namespace changed its labels, or went. */
  namespaceChanged(): void {
    if (this.#dependsOnNamespaces) this.#countAnew();
  }

  #move(pod: PodInfo, slot: number, sign: 1 | -1): void {
    const identity = this.#identityOf(pod);
    const here = (identity.slots.get(slot) ?? 0) + sign;
    if (here > 0) identity.slots.set(slot, here);
    else identity.slots.delete(slot);
    for (const group of identity.groups) for (const { counter } of group.counters.values()) counter.add(slot, sign);
    this.#carry(pod.terms, slot, sign);
  }

  #carry(terms: PodTerms, slot: number, sign: 1 | -1): void {
    for (const term of terms.antiAffinity) this.#carriedOf(term, true, 0).counter.add(slot, sign);
    for (const term of terms.affinity) this.#carriedOf(term, false, hardAffinityWeight).counter.add(slot, sign);
    for (const { weight, term } of terms.preferredAffinity)
      this.#carriedOf(term, false, weight).counter.add(slot, sign);
    for (const { weight, term } of terms.preferredAntiAffinity)
      this.#carriedOf(term, false, -weight).counter.add(slot, sign);
  }

  #carriedOf(term: AffinityTerm, repels: boolean, weight: number): Carried {
    const key = `${repels ? '!' : weight} ${term.key}`;
    const known = this.#carried.get(key);
    if (known) return known;
    const fresh = { term, repels, weight, counter: new DomainCounter(this.domains(term.topologyKey), false) };
    this.#carried.set(key, fresh);
    this.#dependsOnNamespaces ||= term.namespaceSelector !== undefined;
    for (const identity of this.#identities.values()) if (this.matches(term, identity)) identity.carried.push(fresh);
    return fresh;
  }

  #counter(
    terms: readonly AffinityTerm[],
    topologyKey: string,
    countsTerminating: boolean,
    eligibility: Eligibility | undefined,
  ): DomainCounter {
    const group = this.#groupOf(terms, countsTerminating);
    const key = eligibility ? `${topologyKey} ${eligibility.key}` : topologyKey;
    const known = group.counters.get(key);
    if (known) return known.counter;
    const counter = new DomainCounter(this.domains(topologyKey), eligibility !== undefined);
    if (eligibility) for (const node of this.#nodes.values()) counter.addNode(node.slot, eligibility.test(node));
    for (const identity of this.#identities.values()) {
      if (!identity.groups.includes(group)) continue;
      for (const [slot, count] of identity.slots) counter.add(slot, count);
    }
    group.counters.set(key, { counter, eligibility });
    return counter;
  }

  #groupOf(terms: readonly AffinityTerm[], countsTerminating: boolean): Group {
    const [first] = terms;
    const podsKey = terms.length === 1 && first ? first.podsKey : terms.map((term) => term.podsKey).join('&');
    const key = `${countsTerminating ? '*' : '+'} ${podsKey}`;
    const known = this.#groups.get(key);
    if (known) return known;
    const fresh: Group = { terms, countsTerminating, counters: new Map() };
    this.#groups.set(key, fresh);
    this.#dependsOnNamespaces ||= terms.some((term) => term.namespaceSelector !== undefined);
    for (const identity of this.#identities.values()) if (this.#counts(fresh, identity)) identity.groups.push(fresh);
    return fresh;
  }

  #identityOf(pod: PodInfo): Identity {
    const known = this.#identities.get(pod.identityKey);
    if (known) return known;
    const { namespace, labels, terminating } = pod;
    const fresh: Identity = { namespace, labels, terminating, slots: new Map(), groups: [], carried: [] };
    for (const group of this.#groups.values()) if (this.#counts(group, fresh)) fresh.groups.push(group);
    for (const carried of this.#carried.values()) if (this.matches(carried.term, fresh)) fresh.carried.push(carried);
    this.#identities.set(pod.identityKey, fresh);
    return fresh;
  }

  #counts(group: Group, identity: Identity): boolean {
    if (identity.terminating && !group.countsTerminating) return false;
    return group.terms.every((term) => this.matches(term, identity));
  }

  #countAnew(): void {
    this.#identities.clear();
    this.#groups.clear();
    this.#carried.clear();
    this.#dependsOnNamespaces = false;
    for (const node of this.#nodes.values()) for (const pod of node.pods.values()) this.add(pod, node.slot);
  }
}

function setDomain(domains: Domains, node: NodeState): void {
  const value = getOwn(node.labels, domains.topologyKey);
  if (value === undefined) {
    domains.of[node.slot] = -1;
    return;
  }
  let id = domains.ids.get(value);
  if (id === undefined) {
    id = domains.ids.size;
    domains.ids.set(value, id);
  }
  domains.of[node.slot] = id;
}
