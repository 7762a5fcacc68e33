// What a pod is on the pod network.

import type { V1Pod } from '../../../../../generated/kubernetes.ts';
import { ownContainers } from './containers.ts';
import { isFinished } from './state.ts';

/** The addresses that are the pod's alone while it runs: those of host network share the node's. */
export function ownAddresses(pod: V1Pod): string[] {
  if (pod.spec?.hostNetwork || isFinished(pod)) return [];
  const { podIP, podIPs } = pod.status ?? {};
  return [...new Set([...(podIP ? [podIP] : []), ...(podIPs ?? []).map(({ ip }) => ip)])];
}

/** The ports of its containers that have names. */
export function namedPorts({ spec }: V1Pod): { name: string; protocol: string; port: number }[] {
  return ownContainers(spec).flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ name, protocol = 'TCP', containerPort }) =>
      name ? [{ name, protocol, port: containerPort }] : [],
    ),
  );
}
