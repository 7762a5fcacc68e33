// The downward API: fields of a pod and resources of its containers as text. Source: Kubernetes, "Downward API".

import { getOwn } from '../../core/machinery/own.ts';
import { numberOfQuantity } from '../../core/machinery/quantity.ts';
import type { V1ResourceFieldSelector } from '../../generated/kubernetes.ts';
import type { Pod } from './pod.ts';
import { podContainers } from './pod.ts';
import type { NodeCapacity } from './resources.ts';

export interface NodeFields {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
}

/** `metadata.labels['key']` and `metadata.annotations['key']`; undefined for another path. */
export function annotationOrLabelField(pod: Pod, path: string): string | undefined {
  const match = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (!match) return undefined;
  const [, kind, key = ''] = match;
  return getOwn(kind === 'labels' ? pod.metadata.labels : pod.metadata.annotations, key) ?? '';
}

export function fieldValue(pod: Pod, path: string, node: NodeFields): string {
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return lines(pod.metadata.labels);
    case 'metadata.annotations':
      return lines(pod.metadata.annotations);
    case 'spec.nodeName':
      return node.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return node.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return node.hostIPs.join(',');
    case 'status.podIP':
      return node.podIPs[0] ?? '';
    case 'status.podIPs':
      return node.podIPs.join(',');
    default:
      return '';
  }
}

/** A whole number of divisors, rounded up. A container without a limit may use what the node can allocate. */
export function resourceFieldValue(
  pod: Pod,
  containerName: string,
  selector: V1ResourceFieldSelector,
  allocatable: NodeCapacity,
): string {
  const name = selector.containerName ?? containerName;
  const resources = podContainers(pod).find((each) => each.name === name)?.spec.resources;
  const [list = '', kind = ''] = selector.resource.split('.', 2);
  const limit = getOwn(resources?.limits, kind);
  const request = getOwn(resources?.requests, kind) ?? limit;
  const fallback = kind === 'cpu' ? allocatable.cpu : kind === 'memory' ? allocatable.memory : 0;
  const amount =
    list === 'limits' ? (limit === undefined ? fallback : numberOfQuantity(limit)) : numberOfQuantity(request ?? '0');
  const divisor = numberOfQuantity(selector.divisor ?? '1') || 1;
  return String(Math.ceil(Number((amount / divisor).toFixed(9))));
}

function lines(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
