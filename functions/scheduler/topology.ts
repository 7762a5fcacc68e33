// Filters and scores that relate a pod to the pods around it: topology spread, then inter-pod affinity and anti-affinity.
// Prepared once per pod (which counters matter), then asked per node: a few look-ups each.

import { nodeAffinityAllows, untoleratedTaint } from '../../core/machinery/node-match.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { DomainCounter } from './domain-counter.ts';
import type { Model } from './model.ts';
import type { PodInfo } from './pod-info.ts';
import { listOf, type Reasons, reasons } from './reason.ts';
import type { Eligibility } from './topology-index.ts';
import type { SpreadConstraint } from './topology-terms.ts';

export interface TopologyView {
  /** Whether there is anything that can rule a node out. */
  readonly required: boolean;
  /** Whether there is anything to score. */
  readonly spreads: boolean;
  readonly attracts: boolean;
  refused(slot: number): Reasons | undefined;
  /** Lower is better; NaN: the node is no part of the topology, and the last choice. */
  spreadCost(slot: number): number;
  /** Higher is better. */
  attraction(slot: number): number;
}

interface Hard {
  readonly counter: DomainCounter;
  readonly maxSkew: number;
  readonly least: number;
  /** 1 when the constraint counts the pod itself. */
  readonly self: number;
}

interface Soft {
  readonly counter: DomainCounter;
  readonly weight: number;
  readonly base: number;
}

const refusedAs = {
  spread: listOf(reasons.spread),
  spreadLabel: listOf(reasons.spreadLabel),
  affinity: listOf(reasons.affinity),
  antiAffinity: listOf(reasons.antiAffinity),
  repelled: listOf(reasons.repelled),
};

/** Undefined when topology does not matter for the pod, so that callers may skip it altogether. */
export function topologyView(pod: PodInfo, model: Model): TopologyView | undefined {
  const { topology } = model;
  const { terms } = pod;
  const concerning = topology.concerning(pod).filter((each) => each.counter.total !== 0);
  const weighted = terms.preferredAffinity.length + terms.preferredAntiAffinity.length;
  const own = terms.affinity.length + terms.antiAffinity.length + terms.spread.length + weighted;
  if (concerning.length + own === 0) return undefined;

  const hard = hardSpread(pod, model);
  const soft = softSpread(pod, model);
  const repelled = concerning.filter((each) => each.repels).map(({ counter }) => counter);
  const antiAffinity = terms.antiAffinity.map((term) => topology.matched([term], term.topologyKey));
  // A pod counts for an affinity only when it matches all of the terms.
  const affinity = terms.affinity.map((term) => topology.matched(terms.affinity, term.topologyKey));
  // The first pod of a group that wants to be with itself may go anywhere.
  const first =
    affinity.length > 0 &&
    affinity.every((counter) => counter.total === 0) &&
    terms.affinity.every((term) => topology.matches(term, pod));
  const attractions = [
    ...terms.preferredAffinity.map(({ weight, term }) => ({
      weight,
      counter: topology.matched([term], term.topologyKey),
    })),
    ...terms.preferredAntiAffinity.map(({ weight, term }) => ({
      weight: -weight,
      counter: topology.matched([term], term.topologyKey),
    })),
    ...concerning.filter((each) => !each.repels),
  ].filter(({ counter }) => counter.total !== 0);

  return {
    required: hard.length + repelled.length + antiAffinity.length + affinity.length > 0,
    spreads: soft.length > 0,
    attracts: attractions.length > 0,
    refused(slot) {
      for (const { counter, self, least, maxSkew } of hard) {
        if ((counter.domains.of[slot] ?? -1) < 0) return refusedAs.spreadLabel;
        if (counter.at(slot) + self - least > maxSkew) return refusedAs.spread;
      }
      for (const counter of affinity) {
        if ((counter.domains.of[slot] ?? -1) < 0) return refusedAs.affinity;
        if (!first && counter.at(slot) <= 0) return refusedAs.affinity;
      }
      for (const counter of antiAffinity) if (counter.at(slot) > 0) return refusedAs.antiAffinity;
      for (const counter of repelled) if (counter.at(slot) > 0) return refusedAs.repelled;
      return undefined;
    },
    spreadCost(slot) {
      let cost = 0;
      for (const { counter, weight, base } of soft) {
        if ((counter.domains.of[slot] ?? -1) < 0) {
          if (!terms.spreadIsDefault) return Number.NaN;
          continue;
        }
        cost += counter.at(slot) * weight + base;
      }
      return cost;
    },
    attraction(slot) {
      let sum = 0;
      for (const { counter, weight } of attractions) sum += weight * counter.at(slot);
      return sum;
    },
  };
}

function hardSpread(pod: PodInfo, model: Model): Hard[] {
  const constraints = pod.terms.spread.filter((each) => each.required);
  return constraints.map((constraint) => {
    const counter = model.topology.spread(constraint.term, eligibility(constraint, constraints, pod));
    return {
      counter,
      maxSkew: constraint.maxSkew,
      least: counter.present < constraint.minDomains ? 0 : counter.least,
      self: model.topology.matches(constraint.term, pod) ? 1 : 0,
    };
  });
}

function softSpread(pod: PodInfo, model: Model): Soft[] {
  const constraints = pod.terms.spread.filter((each) => !each.required);
  return constraints.map((constraint) => {
    const all = pod.terms.spreadIsDefault ? [constraint] : constraints;
    const counter = model.topology.spread(constraint.term, eligibility(constraint, all, pod));
    // Many domains with few pods each weigh as much as few domains with many.
    return { counter, weight: Math.log(counter.present + 2), base: constraint.maxSkew - 1 };
  });
}

/** Which nodes count as domains: those with the labels of all constraints, and by KEP-3094 those that the pod may use. */
function eligibility(constraint: SpreadConstraint, all: readonly SpreadConstraint[], pod: PodInfo): Eligibility {
  const { class: podClass } = pod;
  const keys = all.map(({ term }) => term.topologyKey);
  return {
    key: [
      constraint.honorAffinity ? podClass.affinityKey : '',
      constraint.honorTaints ? podClass.tolerationKey : '',
      ...keys,
    ].join(' '),
    test(node) {
      if (keys.some((key) => getOwn(node.labels, key) === undefined)) return false;
      if (constraint.honorAffinity && !nodeAffinityAllows(podClass, node)) return false;
      return (
        !constraint.honorTaints || !untoleratedTaint(node.taints, podClass.tolerations, ['NoSchedule', 'NoExecute'])
      );
    },
  };
}
