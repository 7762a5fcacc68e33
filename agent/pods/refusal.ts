// Why a node does not take a pod that came to it, past the scheduler or by an older view of the node: what the kubelet checks when it
// admits a pod. Pure. Source: Kubernetes, kubelet's GeneralPredicates (host ports, node affinity) and its handlers of admission.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { nodeAffinityAllows } from '../../core/machinery/node-match.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { NodeSecurity } from './node-security.ts';
import { securityRefusal } from './security-fields.ts';
import type { PodTermination } from './sync-pod.ts';

/** `others`: the pods that this node has taken. `node`: as far as it is known. */
export function refusalOf(
  pod: Pod,
  others: readonly Pod[],
  node: V1Node | undefined,
  security: NodeSecurity,
): PodTermination | undefined {
  if (isFinished(pod) || pod.metadata.deletionTimestamp) return undefined;
  if (node && !matches(pod, node)) return refused('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const taken = others.filter((each) => !isFinished(each)).flatMap(hostPorts);
  const clash = hostPorts(pod).some((port) => taken.some((other) => collide(port, other)));
  if (clash) return refused('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  if ((pod.spec.os?.name ?? 'linux') !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return securityRefusal(pod, security);
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
