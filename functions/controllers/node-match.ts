// Whether a pod may be on a node by its own wish and the node's taints: what DaemonSets ask before they make a pod.

import { nodeAffinityAllows, nodeTermMatches, untoleratedTaint } from '../../core/machinery/node-match.ts';
import type { V1NodeSelectorTerm, V1PodSpec, V1Taint, V1Toleration } from '../../generated/kubernetes.ts';
import type { ObjectOf } from './controller.ts';

type Node = ObjectOf<'nodes'>;

/** nodeName, nodeSelector and the required node affinity. */
export function matchesNode(spec: V1PodSpec | undefined, node: Node): boolean {
  if (spec?.nodeName && spec.nodeName !== node.metadata.name) return false;
  const wish = { nodeSelector: spec?.nodeSelector ?? {}, nodeAffinity: spec?.affinity?.nodeAffinity ?? {} };
  return nodeAffinityAllows(wish, named(node));
}

/** An empty term matches no node. */
export function matchesTerm(term: V1NodeSelectorTerm, node: Node): boolean {
  return nodeTermMatches(term, named(node));
}

export function toleratesAll(
  tolerations: readonly V1Toleration[] = [],
  taints: readonly V1Taint[] = [],
  effects: readonly string[],
): boolean {
  return untoleratedTaint(taints, tolerations, effects) === undefined;
}

function named({ metadata: { name, labels = {} } }: Node) {
  return { name, labels };
}
