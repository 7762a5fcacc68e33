// Where a pod of a class may go, as far as one node alone decides it: its labels and taints, then its room.
// In the order of Kubernetes' default profile, since the first that refuses is the one that is told.

import { nodeAffinityAllows, untoleratedTaint } from '../../core/machinery/node-match.ts';
import type { NodeState } from './node-state.ts';
import type { PodClass } from './pod-info.ts';
import { insufficient, listOf, type Reasons, reasons } from './reason.ts';
import { addTo, amountOf } from './resources.ts';

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const hard = ['NoSchedule', 'NoExecute'];
const refusedAs = {
  unschedulable: listOf(reasons.unschedulable),
  taint: listOf(reasons.taint),
  nodeAffinity: listOf(reasons.nodeAffinity),
  ports: listOf(reasons.ports),
};

/** By what the node is: does not change as pods come and go. */
export function refusedByNode(pod: PodClass, node: NodeState): Reasons | undefined {
  if (node.node.spec?.unschedulable && untoleratedTaint([unschedulableTaint], pod.tolerations, ['NoSchedule']))
    return refusedAs.unschedulable;
  if (untoleratedTaint(node.taints, pod.tolerations, hard)) return refusedAs.taint;
  return nodeAffinityAllows(pod, node) ? undefined : refusedAs.nodeAffinity;
}

/**
 * By what is on the node, and by who is about to be: pods that were nominated to it count unless the pod is more important,
 * or is `self` (a key).
 */
export function refusedByResourcesOrPorts(pod: PodClass, node: NodeState, self?: string): Reasons | undefined {
  if (node.nominated.size > 0) return refusedBesideNominated(pod, node, self);
  if (pod.ports.length > 0 && portsClash(pod, node)) return refusedAs.ports;
  return refusedByAmounts(pod, node, 0, undefined);
}

function refusedBesideNominated(pod: PodClass, node: NodeState, self: string | undefined): Reasons | undefined {
  const extra: Record<string, number> = {};
  let pods = 0;
  for (const other of node.nominated.values()) {
    if (other.key === self || other.priority < pod.priority) continue;
    pods += 1;
    const { requests, ports } = other.class;
    for (const name in requests) addTo(extra, name, requests[name] ?? 0);
    const clash = ports.some((theirs) =>
      pod.ports.some(
        (ours) => ours.port === theirs.port && ours.protocol === theirs.protocol && overlaps(ours.ip, theirs.ip),
      ),
    );
    if (clash) return refusedAs.ports;
  }
  if (portsClash(pod, node)) return refusedAs.ports;
  return refusedByAmounts(pod, node, pods, extra);
}

function refusedByAmounts(
  pod: PodClass,
  node: NodeState,
  morePods: number,
  extra: Readonly<Record<string, number>> | undefined,
): Reasons | undefined {
  const { allocatable, requested } = node;
  const { requests } = pod;
  let full = node.pods.size + morePods + 1 > (allocatable['pods'] ?? 0);
  for (const name in requests) {
    const asked = requests[name] ?? 0;
    if (asked > 0 && asked > amountOf(allocatable, name) - amountOf(requested, name) - amountOf(extra, name))
      full = true;
  }
  if (!full) return undefined;
  const found = [];
  const most = allocatable['pods'] ?? 0;
  if (node.pods.size + morePods + 1 > most) found.push(reasons.tooManyPods);
  for (const name in requests) {
    const asked = requests[name] ?? 0;
    const capacity = amountOf(allocatable, name);
    if (asked > 0 && asked > capacity - amountOf(requested, name) - amountOf(extra, name))
      found.push(insufficient(name, asked <= capacity));
  }
  return listOf(...found);
}

function portsClash(pod: PodClass, node: NodeState): boolean {
  for (const { protocol, port, ip } of pod.ports) {
    const taken = node.ports.get(`${protocol}/${port}`);
    if (taken?.some((each) => overlaps(each, ip))) return true;
  }
  return false;
}

/** A port on all addresses is taken on each. */
function overlaps(left: string, right: string): boolean {
  return left === right || left === '0.0.0.0' || right === '0.0.0.0';
}

/** Whether the node, with the pod counted on it, has too much of what the pod asks for: others came at the same time. */
export function isOvercommitted(pod: PodClass, node: NodeState): boolean {
  if (node.pods.size > (node.allocatable['pods'] ?? 0)) return true;
  for (const name in pod.requests) {
    if ((pod.requests[name] ?? 0) > 0 && amountOf(node.requested, name) > amountOf(node.allocatable, name)) return true;
  }
  return pod.ports.some(({ protocol, port, ip }) => {
    const taken = node.ports.get(`${protocol}/${port}`) ?? [];
    return taken.filter((each) => overlaps(each, ip)).length > 1;
  });
}
