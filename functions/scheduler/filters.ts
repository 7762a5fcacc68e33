// Where a pod may go. Each filter returns undefined when the node passes, else the reason that `kubectl describe` shows.
// The first list depends on the node alone and is cached per class of pods; the second depends on what is placed.

import type { Model } from './model.ts';
import { nodeAffinityAllows, nodeSelectorMatches, untoleratedTaint } from './node-match.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';

export type Filter = (pod: PodInfo, node: NodeState, model: Model) => string | undefined;

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeFilters: readonly Filter[] = [
  (pod, node) => {
    if (!node.node.spec?.unschedulable) return undefined;
    const untolerated = untoleratedTaint([unschedulableTaint], pod.tolerations, ['NoSchedule']);
    return untolerated && 'node(s) were unschedulable';
  },
  (pod, node) => {
    const taint = untoleratedTaint(node.taints, pod.tolerations, ['NoSchedule', 'NoExecute']);
    return taint && `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  },
  (pod, node) =>
    nodeAffinityAllows(pod.pod.spec, node) ? undefined : "node(s) didn't match Pod's node affinity/selector",
];

export const placementFilters: readonly Filter[] = [ports, fits, volumes];

function ports(pod: PodInfo, node: NodeState): string | undefined {
  for (const { protocol, port, ip } of pod.ports) {
    const taken = node.ports.get(`${protocol}/${port}`);
    const clash = taken?.some((each) => each === ip || each === '0.0.0.0' || ip === '0.0.0.0');
    if (clash) return "node(s) didn't have free ports for the requested pod ports";
  }
  return undefined;
}

function fits(pod: PodInfo, node: NodeState): string | undefined {
  if (node.pods.size + 1 > (node.allocatable['pods'] ?? 0)) return 'Too many pods';
  for (const name in pod.requests) {
    const asked = pod.requests[name] ?? 0;
    if (asked > 0 && asked > (node.allocatable[name] ?? 0) - (node.requested[name] ?? 0)) return `Insufficient ${name}`;
  }
  return undefined;
}

function volumes(pod: PodInfo, node: NodeState, model: Model): string | undefined {
  for (const name of pod.claims) {
    const claim = model.claims.get(`${pod.namespace}/${name}`);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata?.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    const volumeName = claim.spec?.volumeName;
    if (volumeName) {
      const affinity = model.volumes.get(volumeName)?.spec?.nodeAffinity?.required;
      if (affinity && !nodeSelectorMatches(affinity, node))
        return "node(s) didn't match PersistentVolume's node affinity";
      continue;
    }
    const chosen = claim.metadata?.annotations?.['volume.kubernetes.io/selected-node'];
    if (chosen && chosen !== node.name) return 'node(s) did not have the volume, which is being made elsewhere';
    if (!waitsForConsumer(model, claim.spec?.storageClassName))
      return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}

/** Claims of such a class are bound, or their volume is made, once a pod that uses them has a node. */
export function waitsForConsumer(model: Model, storageClass: string | undefined): boolean {
  return model.storageClasses.get(storageClass ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}
