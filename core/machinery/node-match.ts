// What a node's own labels and taints allow: node selectors, node affinity, taints and tolerations. Pure.

import type {
  V1NodeAffinity,
  V1NodeSelector,
  V1NodeSelectorTerm,
  V1Taint,
  V1Toleration,
} from '../../generated/kubernetes.ts';
import { getOwn } from './own.ts';

/** What is matched of a node. */
export interface NamedLabels {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a pod says about where it wants to be. */
export interface NodeConstraints {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nodeAffinity: V1NodeAffinity;
}

type Requirement = { key: string; operator: string; values?: string[] };

/** `spec.nodeSelector` and the required node affinity. */
export function nodeAffinityAllows({ nodeSelector, nodeAffinity }: NodeConstraints, node: NamedLabels): boolean {
  for (const key in nodeSelector) if (getOwn(node.labels, key) !== nodeSelector[key]) return false;
  const required = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || nodeSelectorMatches(required, node);
}

/** Terms are alternatives; an empty selector, like an empty term, matches nothing. */
export function nodeSelectorMatches(selector: V1NodeSelector, node: NamedLabels): boolean {
  return selector.nodeSelectorTerms.some((term) => nodeTermMatches(term, node));
}

export function nodeTermMatches(term: V1NodeSelectorTerm, node: NamedLabels): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((each) => holds(each, getOwn(node.labels, each.key))) &&
    matchFields.every((each) => holds(each, each.key === 'metadata.name' ? node.name : undefined))
  );
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compare(value, values[0]) > 0;
    case 'Lt':
      return compare(value, values[0]) < 0;
    default:
      return false;
  }
}

/** NaN, which no comparison accepts, unless both are whole numbers. */
function compare(left: string | undefined, right: string | undefined): number {
  const whole = /^[+-]?\d+$/;
  if (left === undefined || right === undefined || !whole.test(left) || !whole.test(right)) return Number.NaN;
  const [a, b] = [BigInt(left.replace('+', '')), BigInt(right.replace('+', ''))];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The first taint with one of these effects that no toleration covers. */
export function untoleratedTaint(
  taints: readonly V1Taint[],
  tolerations: readonly V1Toleration[],
  effects: readonly string[],
): V1Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !tolerations.some((each) => tolerates(each, taint)));
}

export function tolerates(toleration: V1Toleration, taint: V1Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (!toleration.key && toleration.operator !== 'Exists') return false;
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '');
    case 'Gt':
      return compare(taint.value, toleration.value) > 0;
    case 'Lt':
      return compare(taint.value, toleration.value) < 0;
    default:
      return false;
  }
}
