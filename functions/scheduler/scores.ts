// How good a node is for a pod of a class, as far as one node alone decides it. Every score is 0 to 100, more is better;
// the weights are those of Kubernetes' default profile.

import { nodeTermMatches, tolerates } from '../../core/machinery/node-match.ts';
import type { NodeState } from './node-state.ts';
import type { PodClass } from './pod-info.ts';

export interface Weights {
  readonly leastAllocated: number;
  readonly balancedAllocation: number;
  readonly imageLocality: number;
  readonly nodeAffinity: number;
  readonly taintToleration: number;
  readonly podTopologySpread: number;
  readonly interPodAffinity: number;
}

export const defaultWeights: Weights = {
  leastAllocated: 1,
  balancedAllocation: 1,
  imageLocality: 1,
  nodeAffinity: 2,
  taintToleration: 3,
  podTopologySpread: 2,
  interPodAffinity: 2,
};

/** Room that is left, and cpu and memory used evenly. */
export function usageScore(pod: PodClass, node: NodeState, weights: Weights): number {
  const { allocatable, requested, scored } = node;
  const cpu = allocatable['cpu'] ?? 0;
  const memory = allocatable['memory'] ?? 0;
  const freeCpu = share(cpu - (scored['cpu'] ?? 0) - (pod.scored['cpu'] ?? 0), cpu);
  const freeMemory = share(memory - (scored['memory'] ?? 0) - (pod.scored['memory'] ?? 0), memory);
  const counted = (cpu > 0 ? 1 : 0) + (memory > 0 ? 1 : 0);
  const least = counted === 0 ? 0 : ((freeCpu + freeMemory) / counted) * 100;
  const askedCpu = pod.requests['cpu'] ?? 0;
  const askedMemory = pod.requests['memory'] ?? 0;
  // A pod that asks for nothing leaves the balance as it is: it would gather where the balance happens to be best.
  if (askedCpu === 0 && askedMemory === 0) return least * weights.leastAllocated;
  const usedCpu = cpu > 0 ? Math.min(1, ((requested['cpu'] ?? 0) + askedCpu) / cpu) : 0;
  const usedMemory = memory > 0 ? Math.min(1, ((requested['memory'] ?? 0) + askedMemory) / memory) : 0;
  const balanced = counted === 2 ? (1 - Math.abs(usedCpu - usedMemory) / 2) * 100 : 100;
  return least * weights.leastAllocated + balanced * weights.balancedAllocation;
}

function share(free: number, of: number): number {
  return of > 0 && free > 0 ? free / of : 0;
}

/** The weights of the preferred node affinity terms that the node matches. */
export function preferredAffinity(pod: PodClass, node: NodeState): number {
  let sum = 0;
  for (const { weight, preference } of pod.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (nodeTermMatches(preference, node)) sum += weight;
  return sum;
}

/** How many taints the node has that the pod would rather avoid. */
export function avoidedTaints(pod: PodClass, node: NodeState): number {
  let count = 0;
  for (const taint of node.taints)
    if (taint.effect === 'PreferNoSchedule' && !pod.tolerations.some((each) => tolerates(each, taint))) count += 1;
  return count;
}

const smallest = 23 * 1024 * 1024;
const largest = 1000 * 1024 * 1024;

/** An image that few nodes hold counts less: else all pods would gather where the image came first. */
export function imageScore(
  pod: PodClass,
  node: NodeState,
  holders: ReadonlyMap<string, number>,
  allNodes: number,
): number {
  if (node.images.size === 0) return 0;
  let bytes = 0;
  for (const image of pod.images) {
    for (const name of namesOf(image)) {
      const size = node.images.get(name);
      if (size === undefined) continue;
      bytes += size * ((holders.get(name) ?? 0) / Math.max(1, allNodes));
      break;
    }
  }
  const most = largest * pod.images.length;
  return (100 * (Math.min(Math.max(bytes, smallest), most) - smallest)) / Math.max(1, most - smallest);
}

/** The names under which a runtime may list an image: `nginx` is `docker.io/library/nginx:latest`. */
function namesOf(image: string): string[] {
  const tagged = /[:@]/.test(image.slice(image.lastIndexOf('/') + 1)) ? image : `${image}:latest`;
  const [host = ''] = tagged.split('/');
  const names = [image, tagged];
  if (!tagged.includes('/')) names.push(`docker.io/library/${tagged}`);
  else if (!/[.:]|^localhost$/.test(host)) names.push(`docker.io/${tagged}`);
  return names;
}
