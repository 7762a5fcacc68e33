// Filters and scores that relate a pod to the pods around it: inter-pod affinity and anti-affinity, topology spread.
// Prepared once per pod (domain -> count), then asked per node.

import type { Model } from './model.ts';
import { nodeAffinityAllows, untoleratedTaint } from './node-match.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import type { AffinityTerm, SpreadConstraint } from './topology-terms.ts';

export interface TopologyView {
  /** The reason why the node will not do, or undefined. */
  filter(node: NodeState): string | undefined;
  /** Weighted and not normalized: higher is better. */
  score(node: NodeState): number;
}

/** Undefined when topology does not matter for the pod, so that callers may skip it altogether. */
export function topologyView(pod: PodInfo, model: Model): TopologyView | undefined {
  const repelling = model.counts.repelling(pod);
  const weighted = pod.preferredAffinity.length + pod.preferredAntiAffinity.length;
  if (repelling.length + pod.affinity.length + pod.antiAffinity.length + pod.spread.length + weighted === 0)
    return undefined;
  const nodes = () => model.nodes.values();
  const perDomain = (term: AffinityTerm) =>
    domains(term.topologyKey, model.counts.matched(term, nodes()).byNode, model);
  const affinity = pod.affinity.map((term) => ({ term, counts: perDomain(term) }));
  const antiAffinity = pod.antiAffinity.map((term) => ({ term, counts: perDomain(term) }));
  const repelled = repelling.map(({ term, byNode }) => ({ term, counts: domains(term.topologyKey, byNode, model) }));
  // The first pod of a group that wants to be with itself may go anywhere.
  const first =
    affinity.length > 0 && affinity.every(({ term, counts }) => counts.size === 0 && model.counts.matches(term, pod));
  const spread = pod.spread.map((constraint) => spreadState(constraint, pod, model));
  const preferred = [
    ...pod.preferredAffinity.map(({ weight, term }) => ({ weight, term, counts: perDomain(term) })),
    ...pod.preferredAntiAffinity.map(({ weight, term }) => ({ weight: -weight, term, counts: perDomain(term) })),
  ];
  return {
    filter(node) {
      for (const { term, counts } of repelled) {
        if (inDomain(node, term, counts) > 0) return "node(s) didn't satisfy existing pods anti-affinity rules";
      }
      for (const { term, counts } of antiAffinity) {
        if (inDomain(node, term, counts) > 0) return "node(s) didn't match pod anti-affinity rules";
      }
      for (const { term, counts } of affinity) {
        const there = node.labels[term.topologyKey] !== undefined && (first || inDomain(node, term, counts) > 0);
        if (!there) return "node(s) didn't match pod affinity rules";
      }
      for (const each of spread) {
        if (!each.constraint.required) continue;
        const domain = node.labels[each.constraint.term.topologyKey];
        if (domain === undefined)
          return "node(s) didn't match pod topology spread constraints (missing required label)";
        const skew = (each.counts.get(domain) ?? 0) + each.self - each.least;
        if (skew > each.constraint.maxSkew) return "node(s) didn't match pod topology spread constraints";
      }
      return undefined;
    },
    score(node) {
      let score = 0;
      for (const { weight, term, counts } of preferred) score += weight * inDomain(node, term, counts);
      for (const each of spread) {
        const domain = node.labels[each.constraint.term.topologyKey];
        if (domain === undefined) continue;
        score -= ((each.counts.get(domain) ?? 0) * 100) / Math.max(1, each.most);
      }
      return score;
    },
  };
}

interface SpreadState {
  readonly constraint: SpreadConstraint;
  readonly counts: ReadonlyMap<string, number>;
  readonly least: number;
  readonly most: number;
  /** 1 when the constraint counts the pod itself. */
  readonly self: number;
}

function spreadState(constraint: SpreadConstraint, pod: PodInfo, model: Model): SpreadState {
  const { byNode } = model.counts.matched(constraint.term, model.nodes.values());
  const counts = new Map<string, number>();
  for (const node of model.nodes.values()) {
    const domain = node.labels[constraint.term.topologyKey];
    if (domain === undefined || !domainCounts(constraint, pod, node)) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + (byNode.get(node.name) ?? 0));
  }
  const values = [...counts.values()];
  const enough = counts.size >= constraint.minDomains;
  return {
    constraint,
    counts,
    least: enough && values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : 0,
    most: values.reduce((a, b) => Math.max(a, b), 0),
    self: model.counts.matches(constraint.term, pod) ? 1 : 0,
  };
}

/** Whether the node's domain counts for the constraint. */
function domainCounts(constraint: SpreadConstraint, pod: PodInfo, node: NodeState): boolean {
  if (constraint.honorAffinity && !nodeAffinityAllows(pod.pod.spec, node)) return false;
  return !constraint.honorTaints || !untoleratedTaint(node.taints, pod.tolerations, ['NoSchedule', 'NoExecute']);
}

function domains(topologyKey: string, byNode: ReadonlyMap<string, number>, model: Model): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [name, count] of byNode) {
    const domain = model.nodes.get(name)?.labels[topologyKey];
    if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + count);
  }
  return counts;
}

function inDomain(node: NodeState, term: AffinityTerm, counts: ReadonlyMap<string, number>): number {
  const domain = node.labels[term.topologyKey];
  return domain === undefined ? 0 : (counts.get(domain) ?? 0);
}
