// Which of the possible nodes is best, by the weights of Kubernetes' default profile. Every score is 0 to 100, more is better.

import { nodeTermMatches, tolerates } from './node-match.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';

const scored = ['cpu', 'memory'] as const;

/** Depends on what is placed on the node: room left, and cpu and memory used evenly. */
export function usageScore(pod: PodInfo, node: NodeState): number {
  let free = 0;
  let counted = 0;
  const fractions: number[] = [];
  for (const name of scored) {
    const capacity = node.allocatable[name] ?? 0;
    if (capacity === 0) continue;
    const after = Math.min(1, ((node.scored[name] ?? 0) + (pod.scored[name] ?? 0)) / capacity);
    free += 1 - after;
    counted += 1;
    fractions.push(after);
  }
  if (counted === 0) return 0;
  const [first = 0, second = first] = fractions;
  const imbalance = Math.abs(first - second) / 2;
  return (free / counted) * 100 + (1 - imbalance) * 100;
}

/** Depends on the node alone: preferred node affinity (weight 2), avoided taints (weight 3), images already there (weight 1). */
export function nodeScores(pod: PodInfo, nodes: readonly NodeState[], allNodes: number): number[] {
  const affinity = normalized(nodes.map((node) => preferredAffinity(pod, node)));
  const taints = normalized(nodes.map((node) => avoidedTaints(pod, node))).map((each) => 100 - each);
  const spreadOf = new Map<string, number>();
  for (const image of new Set(pod.images)) {
    let holders = 0;
    for (const node of nodes) if (imageSize(node, image) !== undefined) holders += 1;
    spreadOf.set(image, holders / Math.max(1, allNodes));
  }
  return nodes.map((node, i) => 2 * (affinity[i] ?? 0) + 3 * (taints[i] ?? 0) + imageScore(pod, node, spreadOf));
}

function preferredAffinity(pod: PodInfo, node: NodeState): number {
  const terms = pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.reduce((sum, { weight, preference }) => sum + (nodeTermMatches(preference, node) ? weight : 0), 0);
}

function avoidedTaints(pod: PodInfo, node: NodeState): number {
  const avoided = node.taints.filter((taint) => taint.effect === 'PreferNoSchedule');
  return avoided.filter((taint) => !pod.tolerations.some((each) => tolerates(each, taint))).length;
}

const smallest = 23 * 1024 * 1024;
const largest = 1000 * 1024 * 1024;

/** An image that many nodes hold counts less for one of them: else all pods would gather where the image came first. */
function imageScore(pod: PodInfo, node: NodeState, spreadOf: ReadonlyMap<string, number>): number {
  let bytes = 0;
  for (const image of pod.images) bytes += (imageSize(node, image) ?? 0) * (spreadOf.get(image) ?? 0);
  const most = largest * pod.images.length;
  return (100 * (Math.min(Math.max(bytes, smallest), most) - smallest)) / Math.max(1, most - smallest);
}

function imageSize(node: NodeState, image: string): number | undefined {
  return node.images.get(image) ?? node.images.get(`${image}:latest`) ?? node.images.get(`docker.io/library/${image}`);
}

function normalized(values: number[]): number[] {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  return most === 0 ? values : values.map((each) => (each * 100) / most);
}
