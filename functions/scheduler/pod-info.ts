// A pod as the scheduler sees it: parsed once, when it appears. Pods of one workload share the parsed parts.

import { claimNames } from '../../core/kinds/core/pod/semantics/claims.ts';
import { lastingContainers, ownContainers } from '../../core/kinds/core/pod/semantics/containers.ts';
import type { V1Affinity, V1Pod, V1PodSpec, V1Toleration } from '../../generated/kubernetes.ts';
import { podRequests, type Resources, scoredRequests } from './resources.ts';
import {
  type AffinityTerm,
  defaultSpread,
  podAffinityTerms,
  type SpreadConstraint,
  spreadConstraints,
} from './topology-terms.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface WeightedTerm {
  readonly weight: number;
  readonly term: AffinityTerm;
}

/** What decides, as far as nodes alone are asked, where a pod may go and how good that is. Pods with equal ones share one object. */
export interface PodClass {
  readonly key: string;
  readonly priority: number;
  readonly requests: Resources;
  readonly scored: Resources;
  readonly ports: readonly HostPort[];
  readonly tolerations: readonly V1Toleration[];
  readonly images: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nodeAffinity: NonNullable<V1Affinity['nodeAffinity']>;
  readonly schedulerName: string;
  /** Equal for pods whose selector and required affinity allow the same nodes. */
  readonly affinityKey: string;
  readonly tolerationKey: string;
}

/** What ties a pod to other pods. */
export interface PodTerms {
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly WeightedTerm[];
  readonly preferredAntiAffinity: readonly WeightedTerm[];
  readonly spread: readonly SpreadConstraint[];
  /** The spread constraints are the cluster's defaults: nodes without their labels are scored all the same. */
  readonly spreadIsDefault: boolean;
}

export interface PodInfo {
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Equal for pods that every selector treats alike. */
  readonly identityKey: string;
  readonly terminating: boolean;
  readonly pod: V1Pod;
  readonly priority: number;
  /** RFC 3339. */
  readonly created: string;
  /** When it started, or was created: what preemption calls its age. */
  readonly started: string;
  readonly class: PodClass;
  readonly terms: PodTerms;
  /** Names of the claims that it mounts, in its namespace. */
  readonly claims: readonly string[];
  /** What it calls the devices that it asks for (DRA). */
  readonly devices: readonly string[];
  /** The pod group that it belongs to, `namespace/name`. */
  readonly group: string | undefined;
}

/** `defaultSelector`, as a selector of labels, spreads a pod that says nothing about spreading (see default-spread.ts). */
export function podInfo(pod: V1Pod, defaultSelector?: AffinityTerm['selector']): PodInfo {
  const { spec, metadata } = pod;
  const namespace = metadata?.namespace ?? '';
  const name = metadata?.name ?? '';
  if (!spec) throw new Error(`pod ${namespace}/${name} has no spec`);
  const labels = metadata?.labels ?? noLabels;
  const terminating = Boolean(metadata?.deletionTimestamp);
  const created = metadata?.creationTimestamp ?? '';
  const labelText = labels === noLabels ? '{}' : JSON.stringify(labels);
  return {
    key: `${namespace}/${name}`,
    uid: metadata?.uid ?? '',
    namespace,
    name,
    labels,
    identityKey: `${terminating ? '-' : '+'}${namespace} ${labelText}`,
    terminating,
    pod,
    priority: spec.priority ?? 0,
    created,
    started: pod.status?.startTime ?? created,
    class: classOf(spec),
    terms: termsOf(spec, namespace, labels, labelText, defaultSelector),
    claims: spec.volumes ? claimNames(name, spec.volumes) : none,
    devices: spec.resourceClaims?.map(({ name }) => name) ?? none,
    group: groupOf(spec, namespace, labels),
  };
}

/** By the field of KEP-4671, or by the label of the scheduler-plugins project. */
function groupOf(spec: V1PodSpec, namespace: string, labels: Readonly<Record<string, string>>): string | undefined {
  const name = spec.schedulingGroup?.podGroupName ?? labels['scheduling.x-k8s.io/pod-group'];
  return name ? `${namespace}/${name}` : undefined;
}

const noLabels: Readonly<Record<string, string>> = {};
const none: readonly never[] = [];
const noTerms: PodTerms = {
  affinity: none,
  antiAffinity: none,
  preferredAffinity: none,
  preferredAntiAffinity: none,
  spread: none,
  spreadIsDefault: false,
};

/** Bounds memory; what is dropped is parsed again. */
const remembered = 10_000;
const classes = new Map<string, PodClass>();
const terms = new Map<string, PodTerms>();

function classOf(spec: V1PodSpec): PodClass {
  const { tolerations = none, nodeSelector = noLabels, affinity, schedulerName = 'default-scheduler' } = spec;
  const nodeAffinity = affinity?.nodeAffinity ?? {};
  const key = JSON.stringify([
    spec.containers.map((each) => [each.image, each.resources?.requests, each.ports]),
    spec.initContainers?.map((each) => [each.resources?.requests, each.restartPolicy, each.ports, each.image]),
    spec.resources?.requests,
    spec.overhead,
    spec.priority,
    tolerations,
    nodeSelector,
    nodeAffinity,
    schedulerName,
  ]);
  const known = classes.get(key);
  if (known) return known;
  const fresh: PodClass = {
    key,
    priority: spec.priority ?? 0,
    requests: podRequests(spec),
    scored: scoredRequests(spec),
    ports: hostPorts(spec),
    tolerations,
    images: ownContainers(spec).map((each) => each.image ?? ''),
    nodeSelector,
    nodeAffinity,
    schedulerName,
    affinityKey: JSON.stringify([nodeSelector, nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution]),
    tolerationKey: JSON.stringify(tolerations),
  };
  if (classes.size >= remembered) classes.clear();
  classes.set(key, fresh);
  return fresh;
}

function hostPorts(spec: V1PodSpec): HostPort[] {
  return lastingContainers(spec).flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: port.hostPort ?? 0 })),
  );
}

function termsOf(
  spec: V1PodSpec,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  labelText: string,
  defaultSelector: AffinityTerm['selector'],
): PodTerms {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const own = spec.topologySpreadConstraints ?? [];
  if (!podAffinity && !podAntiAffinity && own.length === 0 && !defaultSelector) return noTerms;
  const key = JSON.stringify([namespace, labelText, podAffinity, podAntiAffinity, own, defaultSelector]);
  const known = terms.get(key);
  if (known) return known;
  const compile = (list: Parameters<typeof podAffinityTerms>[0]) => podAffinityTerms(list, namespace, labels);
  const weighted = (list: NonNullable<typeof podAffinity>['preferredDuringSchedulingIgnoredDuringExecution']) =>
    (list ?? []).flatMap((each) => compile([each.podAffinityTerm]).map((term) => ({ weight: each.weight, term })));
  const fresh: PodTerms = {
    affinity: compile(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: compile(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    spread:
      own.length > 0 || !defaultSelector
        ? spreadConstraints(spec, namespace, labels)
        : defaultSpread(namespace, defaultSelector),
    spreadIsDefault: own.length === 0,
  };
  if (terms.size >= remembered) terms.clear();
  terms.set(key, fresh);
  return fresh;
}
