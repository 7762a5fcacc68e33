// A pod as the scheduler sees it: parsed once, when it appears.

import { createHash } from 'node:crypto';
import type { V1Pod, V1Toleration } from '../../generated/kubernetes.ts';
import { podRequests, type Resources, scoredRequests } from './resources.ts';
import { type AffinityTerm, podAffinityTerms, type SpreadConstraint, spreadConstraints } from './topology-terms.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface PodInfo {
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: V1Pod;
  readonly priority: number;
  readonly requests: Resources;
  readonly scored: Resources;
  readonly ports: readonly HostPort[];
  readonly tolerations: readonly V1Toleration[];
  readonly images: readonly string[];
  readonly affinity: AffinityTerm[];
  readonly antiAffinity: AffinityTerm[];
  readonly preferredAffinity: readonly { readonly weight: number; readonly term: AffinityTerm }[];
  readonly preferredAntiAffinity: readonly { readonly weight: number; readonly term: AffinityTerm }[];
  readonly spread: readonly SpreadConstraint[];
  /** Names of the claims that it mounts, in its namespace. */
  readonly claims: readonly string[];
  /** Pods with the same class fit the same nodes with the same scores, as far as nodes alone decide it. */
  readonly class: string;
}

export function podInfo(pod: V1Pod): PodInfo {
  const spec = pod.spec;
  const namespace = pod.metadata?.namespace ?? '';
  const name = pod.metadata?.name ?? '';
  const labels = pod.metadata?.labels ?? {};
  if (!spec) throw new Error(`pod ${namespace}/${name} has no spec`);
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
  ];
  const ports = containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: port.hostPort ?? 0 })),
  );
  const requests = podRequests(spec);
  const affinity = spec.affinity;
  const terms = (list: Parameters<typeof podAffinityTerms>[0]) => podAffinityTerms(list, namespace, labels);
  const weighted = (list: { weight: number; podAffinityTerm: object }[] | undefined) =>
    (list ?? []).flatMap((each) =>
      terms([each.podAffinityTerm as never]).map((term) => ({ weight: each.weight, term })),
    );
  const claims = (spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${name}-${volume.name}`] : [];
  });
  return {
    key: `${namespace}/${name}`,
    uid: pod.metadata?.uid ?? '',
    namespace,
    labels,
    pod,
    priority: spec.priority ?? 0,
    requests,
    scored: scoredRequests(spec),
    ports,
    tolerations: spec.tolerations ?? [],
    images: spec.containers.map((container) => container.image ?? ''),
    affinity: terms(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: terms(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    spread: spreadConstraints(spec, namespace, labels),
    claims,
    class: classOf(pod, requests, ports),
  };
}

function classOf(pod: V1Pod, requests: Resources, ports: readonly HostPort[]): string {
  const spec = pod.spec;
  const text = JSON.stringify([
    requests,
    ports,
    spec?.nodeSelector,
    spec?.affinity?.nodeAffinity,
    spec?.tolerations,
    spec?.containers.map((container) => container.image),
  ]);
  return createHash('sha1').update(text).digest('base64');
}
