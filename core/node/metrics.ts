// metrics.k8s.io/v1beta1 from what the nodes said last that they use. Source: k8s.io/metrics v1beta1 NodeMetrics, PodMetrics.

import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { allContainers } from '../kinds/core/pod/semantics/containers.ts';
import type { KubeObject } from '../machinery/object.ts';
import { metricsApiVersion } from './metrics-group.ts';
import { type NodeUsage, type Used, unpackUsage } from './usage.ts';

/** What is older says nothing of now. Three reports of a node that reports every 75 seconds. */
const maxUsageAgeMs = 240_000;

/** By node, without what is too old at `now` (Unix milliseconds). */
export function recentUsages(packed: ReadonlyMap<string, Uint8Array>, now: number): Map<string, NodeUsage> {
  const usages = new Map<string, NodeUsage>();
  for (const [node, bytes] of packed) {
    const usage = unpackUsage(bytes);
    if (usage && now - usage.heardAt < maxUsageAgeMs) usages.set(node, usage);
  }
  return usages;
}

export function nodeMetrics(node: V1Node, usage: NodeUsage): KubeObject {
  return { ...common('NodeMetrics', node, usage), usage: quantities(usage.node) };
}

/** Undefined while nothing is known of any of its containers. `usages`: by node. */
export function podMetrics(pod: V1Pod, usages: ReadonlyMap<string, NodeUsage>): KubeObject | undefined {
  const { metadata: { namespace = '', name: podName = '' } = {}, spec } = pod;
  const usage = usages.get(spec?.nodeName ?? '');
  if (!usage || !spec) return undefined;
  const used = allContainers(spec).flatMap(({ name }) => {
    const found = usage.container(namespace, podName, name);
    return found ? [{ name, usage: quantities(found) }] : [];
  });
  return used.length === 0 ? undefined : { ...common('PodMetrics', pod, usage), containers: used };
}

function common(kind: string, { metadata = {} }: V1Node | V1Pod, { time, windowSeconds }: NodeUsage) {
  const { name, namespace, labels } = metadata;
  return {
    kind,
    apiVersion: metricsApiVersion,
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      creationTimestamp: time,
    },
    timestamp: time,
    window: `${windowSeconds}s`,
  };
}

/** As metrics-server writes them: nanocores and kibibytes. */
function quantities({ cpu, memory }: Used) {
  return { cpu: `${cpu}n`, memory: `${memory / 1024}Ki` };
}
