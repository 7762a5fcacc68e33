// Why a node does not take a pod that came to it, past the scheduler or by an older view of the node: what the kubelet checks when it
// admits a pod. Pure. Source: Kubernetes, kubelet's GeneralPredicates (resources, node affinity, host ports) and its handlers of admission.

import { type Counting, podTotal } from '../../core/kinds/core/pod/semantics/resources.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { nodeAffinityAllows } from '../../core/machinery/node-match.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { numberOfQuantity } from '../../core/machinery/quantity.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { PodHost } from './pod-host.ts';
import type { PodTermination } from './sync-pod.ts';

/** `others`: the pods that this node has taken. `node`: as far as it is known. */
export function refusalOf(
  pod: Pod,
  others: readonly Pod[],
  node: V1Node | undefined,
  host: Pick<PodHost, 'os' | 'refusal'>,
): PodTermination | undefined {
  if (isFinished(pod) || pod.metadata.deletionTimestamp) return undefined;
  const short = node && shortOf(pod, others, node);
  if (short) return short;
  if (node && !matches(pod, node)) return refused('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const taken = others.filter((each) => !isFinished(each)).flatMap(hostPorts);
  const clash = hostPorts(pod).some((port) => taken.some((other) => collide(port, other)));
  if (clash) return refused('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  if ((pod.spec.os?.name ?? host.os) !== host.os)
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return host.refusal(pod);
}

/** What the node has too little of, as the scheduler counts: millicores, bytes, pieces. */
function shortOf(pod: Pod, others: readonly Pod[], { status }: V1Node): PodTermination | undefined {
  const { allocatable } = status ?? {};
  if (!allocatable) return undefined;
  const running = others.filter((each) => !isFinished(each));
  const wanted = needsOf(pod);
  const used = running.map(needsOf);
  for (const [name, requested] of wanted) {
    const capacity = getOwn(allocatable, name);
    // What no device plugin of the node offers was asked of others, or of nobody.
    if (requested === 0 || (capacity === undefined && isExtended(name))) continue;
    const numbers = {
      requested,
      used: used.reduce((sum, each) => sum + (each.get(name) ?? 0), 0),
      capacity: capacity === undefined ? 0 : inUnits(name, capacity),
    };
    if (numbers.requested <= numbers.capacity - numbers.used) continue;
    const shown = Object.entries(numbers).map(([key, value]) => `${key}: ${value}`);
    return {
      reason: `OutOf${name}`,
      message: `Pod was rejected: Node didn't have enough resource: ${name}, ${shown.join(', ')}`,
    };
  }
  return undefined;
}

/** In the order in which they are looked at. */
function needsOf({ spec }: Pod): ReadonlyMap<string, number> {
  const total = podTotal(spec, 'requests', counting);
  const first = ['cpu', 'memory', 'ephemeral-storage'].map((name): [string, number] => [name, total.get(name) ?? 0]);
  return new Map([['pods', 1], ...first, ...total]);
}

const counting: Counting<number> = {
  read: inUnits,
  add: (left, right) => left + right,
  isMore: (left, right) => left > right,
};

/** Whole ones, rounded up. Sums of decimal fractions are off by a little: that is none more. */
function inUnits(name: string, quantity: string): number {
  return Math.ceil(numberOfQuantity(quantity) * (name === 'cpu' ? 1000 : 1) - 1e-6);
}

/** Of a device plugin: its name has a domain, and not Kubernetes' own. */
function isExtended(name: string): boolean {
  return name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name);
}

function refused(reason: string, why: string): PodTermination {
  return { reason, message: `Pod was rejected: Predicate ${reason} failed: ${why}` };
}

function matches({ spec }: Pod, { metadata }: V1Node): boolean {
  const wish = { nodeSelector: spec.nodeSelector ?? {}, nodeAffinity: spec.affinity?.nodeAffinity ?? {} };
  return nodeAffinityAllows(wish, { name: metadata?.name ?? '', labels: metadata?.labels ?? {} });
}

interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly ip: string;
}

const anyAddress = '0.0.0.0';

/** Init containers that end leave their ports; sidecars keep them. */
function hostPorts(pod: Pod): HostPort[] {
  return podContainers(pod)
    .filter(({ kind }) => kind === 'app' || kind === 'sidecar')
    .flatMap(({ spec }) => spec.ports ?? [])
    .flatMap(({ hostPort, protocol = 'TCP', hostIP }) =>
      hostPort ? [{ port: hostPort, protocol, ip: hostIP || anyAddress }] : [],
    );
}

function collide(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress;
  return a.port === b.port && a.protocol === b.protocol && sameAddress;
}
