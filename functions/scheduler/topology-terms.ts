// Terms that relate a pod to other pods by topology: inter-pod affinity and topology spread, compiled from the pod's spec.
// Two terms with the same `key` count the same pods in the same domains.

import {
  type LabelSelector,
  labelSelectorOf,
  labelSelectorString,
  matchesLabels,
} from '../../core/machinery/labels.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { V1PodAffinityTerm, V1PodSpec } from '../../generated/kubernetes.ts';

type Labels = Readonly<Record<string, string>>;

export interface AffinityTerm {
  readonly key: string;
  /** The same for terms that count the same pods, whatever the topology. */
  readonly podsKey: string;
  readonly topologyKey: string;
  /** Namespaces by name; undefined = `namespaceSelector` alone decides. */
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelSelector | undefined;
  readonly selector: LabelSelector | undefined;
}

export interface SpreadConstraint {
  readonly term: AffinityTerm;
  readonly maxSkew: number;
  readonly required: boolean;
  readonly minDomains: number;
  /** Whether only nodes that the pod's own node affinity, and its tolerations, allow count as domains (KEP-3094). */
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

/** Whether a pod with these labels in this namespace is counted by the term. */
export function termMatches(term: AffinityTerm, namespace: string, labels: Labels, namespaceLabels: Labels): boolean {
  const inNamespace =
    term.namespaces.has(namespace) ||
    (term.namespaceSelector !== undefined && matchesLabels(term.namespaceSelector, namespaceLabels));
  return inNamespace && matchesLabels(term.selector, labels);
}

export function podAffinityTerms(
  list: V1PodAffinityTerm[] | undefined,
  namespace: string,
  labels: Labels,
): AffinityTerm[] {
  return (list ?? []).map((each) => {
    const selector = withLabelKeys(
      labelSelectorOf(each.labelSelector),
      labels,
      each.matchLabelKeys,
      each.mismatchLabelKeys,
    );
    const own = each.namespaces?.length || each.namespaceSelector ? (each.namespaces ?? []) : [namespace];
    return compile(each.topologyKey, own, labelSelectorOf(each.namespaceSelector), selector);
  });
}

export function spreadConstraints(spec: V1PodSpec, namespace: string, labels: Labels): SpreadConstraint[] {
  return (spec.topologySpreadConstraints ?? []).map((each) => ({
    term: compile(
      each.topologyKey,
      [namespace],
      undefined,
      withLabelKeys(labelSelectorOf(each.labelSelector), labels, each.matchLabelKeys, undefined),
    ),
    maxSkew: each.maxSkew,
    required: each.whenUnsatisfiable !== 'ScheduleAnyway',
    minDomains: each.minDomains ?? 1,
    honorAffinity: (each.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: each.nodeTaintsPolicy === 'Honor',
  }));
}

/** What the cluster spreads by when a pod of a Service or workload says nothing: nodes first, then zones, never at the cost of not running. */
export function defaultSpread(namespace: string, selector: LabelSelector | undefined): SpreadConstraint[] {
  const constraint = (topologyKey: string, maxSkew: number): SpreadConstraint => ({
    term: compile(topologyKey, [namespace], undefined, selector),
    maxSkew,
    required: false,
    minDomains: 1,
    honorAffinity: true,
    honorTaints: false,
  });
  return [constraint('kubernetes.io/hostname', 3), constraint('topology.kubernetes.io/zone', 5)];
}

function compile(
  topologyKey: string,
  namespaces: readonly string[],
  namespaceSelector: LabelSelector | undefined,
  selector: LabelSelector | undefined,
): AffinityTerm {
  const text = (each: LabelSelector | undefined) => (each === undefined ? '-' : labelSelectorString(each));
  const names = [...namespaces].sort();
  const podsKey = [names.join(' '), text(namespaceSelector), text(selector)].join('|');
  return {
    key: `${topologyKey}|${podsKey}`,
    podsKey,
    topologyKey,
    namespaces: new Set(names),
    namespaceSelector,
    selector,
  };
}

/**
 * `matchLabelKeys` and `mismatchLabelKeys` (KEP-3633, KEP-3243) add the incoming pod's own values to the selector. A pod that was made
 * since they are merged has the values that it was made with there: those count.
 */
function withLabelKeys(
  selector: LabelSelector | undefined,
  labels: Labels,
  match: readonly string[] | undefined,
  mismatch: readonly string[] | undefined,
): LabelSelector | undefined {
  if (!selector) return undefined;
  const more = (keys: readonly string[] | undefined, operator: 'in' | 'notin') =>
    (keys ?? []).flatMap((key) => {
      if (selector.some((each) => each.key === key && each.operator === operator)) return [];
      const value = getOwn(labels, key);
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return [...selector, ...more(match, 'in'), ...more(mismatch, 'notin')];
}
