// Whether a pod may be on a node by its own wish and the node's taints: what DaemonSets ask before they make a pod.

import type { V1NodeSelectorTerm, V1PodSpec, V1Taint, V1Toleration } from '../../generated/kubernetes.ts';
import type { ObjectOf } from './controller.ts';

type Node = ObjectOf<'nodes'>;

/** nodeName, nodeSelector and the required node affinity. */
export function matchesNode(spec: V1PodSpec | undefined, node: Node): boolean {
  if (spec?.nodeName && spec.nodeName !== node.metadata.name) return false;
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((each) => matchesTerm(each, node));
}

/** An empty term matches no node. */
export function matchesTerm(term: V1NodeSelectorTerm, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (!expressions.length && !fields.length) return false;
  return (
    expressions.every(({ key, operator, values }) => matchesValue(labels[key], operator, values)) &&
    fields.every(
      ({ key, operator, values }) => key === 'metadata.name' && matchesValue(node.metadata.name, operator, values),
    )
  );
}

function matchesValue(value: string | undefined, operator: string, values: readonly string[] = []): boolean {
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
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

export function tolerates(toleration: V1Toleration, taint: V1Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '');
}

export function toleratesAll(
  tolerations: readonly V1Toleration[] = [],
  taints: readonly V1Taint[] = [],
  effects: readonly string[],
): boolean {
  return taints.every((taint) => !effects.includes(taint.effect) || tolerations.some((each) => tolerates(each, taint)));
}
